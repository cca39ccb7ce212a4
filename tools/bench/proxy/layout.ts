import { cpus } from 'node:os';
import { execa } from 'execa';
import { EnvironmentError } from '../../../scripts/errors.ts';

/** Which CPU the proxy runs on, and which the load generator and the servers. */
export interface Layout {
  readonly name: 'S' | 'T';
  readonly proxyCpu: number;
  readonly otherCpu: number;
}

/** Everything on one CPU: no wake-ups across CPUs, so the figures spread least. The gate. */
export const ONE_CPU: Layout = { name: 'S', proxyCpu: 0, otherCpu: 0 };
/** The proxy has a CPU to itself. Requests per second then mostly tell what the generator can do. */
export const TWO_CPUS: Layout = { name: 'T', proxyCpu: 1, otherCpu: 0 };

export function cpusOf({ proxyCpu, otherCpu }: Layout): number[] {
  return proxyCpu === otherCpu ? [proxyCpu] : [proxyCpu, otherCpu];
}

/** Moves this process off the CPU of layout S. @throws EnvironmentError when the machine has only one */
export async function stepAside(): Promise<void> {
  const count = cpus().length;
  if (count < 2) {
    throw new EnvironmentError('the benchmark needs two CPUs, this machine has one', {
      remedy: 'measure elsewhere: on a single CPU the script itself would be measured too',
    });
  }
  await execa('taskset', ['-a', '-p', '-c', `1-${count - 1}`, String(process.pid)]);
}
