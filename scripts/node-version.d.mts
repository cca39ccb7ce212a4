export declare const NODE_REMEDY: string;
export declare function nodeFault(version: string): string | undefined;
export declare function demandNode(): void;
