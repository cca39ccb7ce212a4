import { execa } from 'execa';

interface Place {
  readonly address: string;
}

/** Cuts links between loopback addresses that only one test uses (iptables on this machine; needs root). */
export class LinkCutter {
  private readonly rules: string[][] = [];

  /** Nothing of `from` arrives at `to` any more; what comes back still does. */
  async oneWay(from: readonly Place[], to: readonly Place[]): Promise<void> {
    for (const source of from)
      for (const target of to) await this.drop('-s', source.address, '-d', target.address);
  }

  /** Who ends does so without a word to anybody, as a host that loses its power: nobody learns from the kernel. */
  async withoutGoodbye(from: readonly Place[]): Promise<void> {
    for (const { address } of from)
      for (const flag of ['FIN', 'RST'])
        await this.drop('-s', address, '-p', 'tcp', '--tcp-flags', flag, flag);
  }

  async between(one: readonly Place[], other: readonly Place[]): Promise<void> {
    await this.oneWay(one, other);
    await this.oneWay(other, one);
  }

  private async drop(...match: string[]): Promise<void> {
    const rule = ['INPUT', '-i', 'lo', ...match, '-j', 'DROP'];
    await execa('iptables', ['-w', '-I', ...rule]);
    this.rules.push(rule);
  }

  /** All links are whole again. Safe to call at any time. */
  async heal(): Promise<void> {
    for (const rule of this.rules.splice(0)) await execa('iptables', ['-w', '-D', ...rule]);
  }
}
