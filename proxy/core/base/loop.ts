/** Something with bytes to send at the end of the turn. */
export interface Flushable {
  flush(): void;
}

/** Someone for whom bytes are ready that may wait a moment for more. */
export interface HeldBack {
  letOut(): void;
}

/** Milliseconds that the first replies of a pipeline wait for the rest at most. */
const MOMENT = 1;

/** Tasks get about so many milliseconds of each turn. */
const MOST_TASKS_MS = 2;

/**
 * The turn of the event loop: everything that was read in one turn is flushed once, servers first, then clients.
 * Also the only clock of the hot path, read once per turn.
 */
export class Loop {
  /** Number of the turn: another one in each. */
  turn = 0;
  /** Clients that left before all they had asked was answered, ever since. */
  departures = 0;
  private servers: Flushable[] = [];
  private clients: Flushable[] = [];
  private scheduled = false;
  private clockRead = false;
  private time = 0;
  private heldBack: HeldBack[] = [];
  private tasks: (() => void)[] = [];
  private readonly run = (): void => this.flush();

  constructor(
    private readonly schedule: (run: () => void) => void = setImmediate,
    private readonly clock: () => number = () => performance.now(),
    private readonly afterMoment: (run: () => void) => void = (run) => void setTimeout(run, MOMENT),
  ) {}

  /** Milliseconds, monotonic, constant within a turn. */
  now(): number {
    if (!this.clockRead) {
      this.time = this.clock();
      this.clockRead = true;
      this.wake();
    }
    return this.time;
  }

  flushServer(server: Flushable): void {
    this.servers.push(server);
    this.wake();
  }

  flushClient(client: Flushable): void {
    this.clients.push(client);
    this.wake();
  }

  /** Runs `task` at the end of the next turn, after whatever there is to read by then: others get on meanwhile. */
  nextTurn(task: () => void): void {
    this.tasks.push(task);
    this.wake();
  }

  /** Something waits for the next turn. */
  get hasTasks(): boolean {
    return this.tasks.length > 0;
  }

  /** `client` is let out after a moment, if it has not sent what it has by then. */
  holdBack(client: HeldBack): void {
    this.heldBack.push(client);
    if (this.heldBack.length === 1) this.afterMoment(this.letOut);
  }

  private readonly letOut = (): void => {
    const { heldBack } = this;
    this.heldBack = [];
    for (const client of heldBack) client.letOut();
  };

  private wake(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.schedule(this.run);
  }

  private runTasks(): void {
    const { tasks } = this;
    this.tasks = [];
    const until = this.clock() + MOST_TASKS_MS;
    let done = 0;
    while (done < tasks.length && (done === 0 || this.clock() <= until)) tasks[done++]();
    if (done < tasks.length) this.tasks = [...tasks.slice(done), ...this.tasks];
    if (this.tasks.length > 0) this.wake();
  }

  /** Ends the turn. What a flush itself makes dirty is flushed in the same turn. */
  flush(): void {
    this.scheduled = false;
    if (this.tasks.length > 0) this.runTasks();
    const { servers, clients } = this;
    for (let i = 0; i < servers.length; i++) servers[i].flush();
    servers.length = 0;
    for (let i = 0; i < clients.length; i++) clients[i].flush();
    clients.length = 0;
    this.clockRead = false;
    this.turn++;
  }
}
