export interface HeldLock {
  release(): Promise<void>;
}
export function tryLock(name: string): Promise<HeldLock | undefined>;
export function lock(name: string, onWait?: () => void): Promise<HeldLock>;
