export declare function surviveClosedOutput(): void;
export declare function isOutputClosed(): boolean;
