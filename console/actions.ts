import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { isOnHosts } from '../topology/plan.ts';
import type { AnyPlan } from '../topology/types.ts';
import type { ActionLine } from './document.ts';

/** Drills of one member each, a round of which takes seconds: what a page may begin. */
const DRILLS = ['kill-master', 'kill-proxy', 'kill-edge', 'kill-replica', 'kill-sentinel'] as const;

/** What the page may ask for, as arguments of `twemstack`. Nothing else can be asked for, whatever is sent. */
export function allowedActions(plan: AnyPlan): string[] {
  return [
    ...plan.shards.map(({ name }) => `switchover ${name}`),
    'upgrade --dry-run',
    'backup',
    // Of several hosts there are drills of machines, which need a lab.
    ...(isOnHosts(plan) ? [] : DRILLS.map((name) => `drill ${name}`)),
  ];
}

/** How `twemstack` is run; the stack file is the one that the console was started with. */
export interface Program {
  readonly file: string;
  readonly arguments: readonly string[];
  readonly stackFile: string;
}

/** Runs actions as the command line does, one at a time, and passes on what they print. */
export class Actions {
  #running: string | undefined;

  constructor(
    private readonly program: Program,
    private readonly allowed: readonly string[],
    private readonly tell: (line: ActionLine) => void,
    private readonly signal: AbortSignal,
  ) {}

  /** @returns why it is not begun; undefined when it was */
  begin(action: string): string | undefined {
    if (!this.allowed.includes(action))
      return this.allowed.length === 0
        ? 'This console was started without --allow-actions: it looks, and changes nothing.'
        : `"${action}" is nothing that can be done from here.`;
    if (this.#running !== undefined) return `"${this.#running}" is still running; one at a time.`;
    this.#running = action;
    void this.#run(action);
    return undefined;
  }

  async #run(action: string): Promise<void> {
    const words = [...this.program.arguments, ...action.split(' '), '--file', this.program.stackFile];
    const child = execa(this.program.file, words, {
      reject: false,
      stdin: 'ignore',
      all: true,
      buffer: false,
      env: { NO_COLOR: '1' },
      cancelSignal: this.signal,
      forceKillAfterDelay: 30_000,
    });
    for await (const line of createInterface({ input: child.all })) this.tell({ action, line });
    const { exitCode, shortMessage } = await child;
    if (exitCode === undefined) this.tell({ action, line: shortMessage });
    this.#running = undefined;
    this.tell({ action, exitCode: exitCode ?? 1 });
  }
}
