/** At most one line in this many milliseconds. */
const PAUSE = 1000;

/** Passes on what strangers can cause as often as they like at a bearable rate, and says how many it kept to itself. */
export class Throttle {
  private silentUntil = Number.NEGATIVE_INFINITY;
  private kept = 0;

  constructor(
    private readonly say: (text: string) => void,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  readonly warn = (text: string): void => {
    const now = this.clock();
    if (now < this.silentUntil) {
      this.kept++;
      return;
    }
    this.silentUntil = now + PAUSE;
    this.say(this.kept === 0 ? text : `${text} (and ${this.kept} like it before)`);
    this.kept = 0;
  };
}
