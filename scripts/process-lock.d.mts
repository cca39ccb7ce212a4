export interface HeldLock {
  release(): Promise<void>;
}
export function tryLock(name: string): Promise<HeldLock | undefined>;
export function isHeld(name: string): Promise<boolean>;
export function lock(name: string, onWait?: () => void): Promise<HeldLock>;
