import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from './wait-until.ts';

const V1 = '/sys/fs/cgroup/memory';
const V2 = '/sys/fs/cgroup';

/** A memory limit of the kernel's, as a container has it. For tests that run as root on cgroup v1 or v2. */
export class MemoryCgroup {
  readonly #path: string;
  readonly #isV1: boolean;

  private constructor(path: string, isV1: boolean) {
    this.#path = path;
    this.#isV1 = isV1;
  }

  static create(name: string, limitMb: number): MemoryCgroup {
    const isV1 = existsSync(join(V1, 'memory.limit_in_bytes'));
    if (!isV1) writeFileSync(join(V2, 'cgroup.subtree_control'), '+memory');
    const group = new MemoryCgroup(join(isV1 ? V1 : V2, name), isV1);
    mkdirSync(group.#path);
    const limit = String(limitMb * 1024 * 1024);
    group.#write(isV1 ? 'memory.limit_in_bytes' : 'memory.max', limit);
    // As much with swap as without, so none; where the kernel does not count swap, there is no such file.
    const swap = isV1 ? 'memory.memsw.limit_in_bytes' : 'memory.swap.max';
    if (existsSync(join(group.#path, swap))) group.#write(swap, isV1 ? limit : '0');
    return group;
  }

  /** Takes a process in, with all that it starts from now on. */
  add(pid: number): void {
    this.#write('cgroup.procs', String(pid));
  }

  /** How many of its processes the kernel has killed because the limit was reached. */
  get kills(): number {
    const text = readFileSync(join(this.#path, this.#isV1 ? 'memory.oom_control' : 'memory.events'), 'utf8');
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
  }

  /** Its processes must have ended, or be ending. */
  async remove(): Promise<void> {
    await waitUntil(`${this.#path} to be empty`, () => {
      rmdirSync(this.#path);
      return true;
    });
  }

  #write(file: string, value: string): void {
    writeFileSync(join(this.#path, file), value);
  }
}
