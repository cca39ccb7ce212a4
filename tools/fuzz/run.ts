import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Progress } from './worker.ts';

export interface FuzzResult {
  readonly failure: boolean;
  readonly text: string;
}

/** A seed takes about a tenth of a second; one that takes so long never ends. */
const HANGS_AFTER_MS = 60_000;
/** In use after garbage collection, above what was in use in the beginning. */
const GROWTH_MB = 64;

/**
 * Runs seed after seed in a process of its own, so that a hang or a crash is noticed too.
 * @param tell called with a line about every ten seconds
 */
export function runFuzz(minutes: number, first: number, tell: (line: string) => void): Promise<FuzzResult> {
  const until = Date.now() + minutes * 60_000;
  const worker = fork(
    fileURLToPath(new URL('./worker.ts', import.meta.url)),
    [String(first), String(until)],
    {
      execArgv: ['--import', import.meta.resolve('tsx')],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    },
  );
  let complaint = '';
  worker.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  let last: Progress = { seed: first, checked: 0, heapMb: 0 };
  let begun = Date.now();
  let baseline = 0;
  return new Promise((done) => {
    const end = (failure: boolean, text: string): void => {
      clearInterval(watch);
      worker.kill('SIGKILL');
      done({ failure, text });
    };
    const fail = (what: string): void => {
      end(true, `seed ${last.seed} ${what}\nrepeat it with: npm run fuzz -- 0.01 ${last.seed}`);
    };
    const watch = setInterval(() => {
      if (Date.now() - begun > HANGS_AFTER_MS) fail(`does not end within ${HANGS_AFTER_MS / 1000} s`);
      else tell(`seeds ${first}..${last.seed}: ${last.checked} checks, ${last.heapMb.toFixed(0)} MB in use`);
    }, 10_000);
    worker.on('message', (progress: Progress) => {
      if (progress.seed < 0) {
        end(false, `seeds ${first}..${last.seed}: ${progress.checked} checks, all right`);
        return;
      }
      last = progress;
      begun = Date.now();
      baseline ||= progress.heapMb;
      if (progress.heapMb > baseline + GROWTH_MB) fail(`leaves ${progress.heapMb.toFixed(0)} MB in use`);
    });
    worker.on('close', (code, signal) => fail(`ended with ${code ?? signal}: ${complaint}`));
  });
}
