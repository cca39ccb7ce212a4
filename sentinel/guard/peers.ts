import type { GuardConfig, Peer } from './config.ts';
import type { Rules } from './core/election.ts';
import { compareTerms, type Term } from './core/term.ts';
import { GuardLink } from './link/client.ts';
import {
  type Ballot,
  type GuardState,
  type Introduction,
  isLead,
  type Lead,
  type Question,
} from './messages.ts';

const POLL_MS = 250;
/** A vote costs a write to the disk and a question to redis. */
const PATIENCE_MS = 600;
/** Once enough have answered, for how long the others are waited for. Milliseconds. */
const GRACE_MS = 40;

/** A member that is not in this one's file may be away for so long before it is taken for gone. Milliseconds. */
const GONE_MS = 600_000;
/** More members than any shard gains in one change of its stack. */
const MOST_LEARNT = 16;

/** One other member: how it is asked, and when it last answered. */
interface Known {
  readonly peer: Peer;
  readonly link: GuardLink;
  readonly timer: NodeJS.Timeout;
  /** What its file says of the shard; only of one that is not in ours. */
  readonly rules: Rules | undefined;
  heardAt: number;
}

/**
 * The guards of the other members: what they last said, and questions to them.
 *
 * Files are replaced one member after the other, so while a shard grows the new member knows the others before they know
 * it. As in Raft, where a server answers candidates and leaders whether they are in its configuration or not, whoever
 * holds the secret and says that it is of this shard is a member from then on: it is asked, followed when it leads, and
 * the larger of both shards' sizes is what an election goes by.
 */
export class Peers {
  private readonly members = new Map<string, Known>();
  private readonly states = new Map<string, GuardState>();

  /**
   * @param onLead called whenever a member says that it is master
   * @param log told of a member that is not in the file
   */
  constructor(
    private readonly config: () => GuardConfig,
    private readonly secrets: () => readonly string[],
    private readonly onLead: (peer: Peer, lead: Lead) => void,
    private readonly log: (text: string) => void,
  ) {
    for (const peer of config().peers) this.add(peer);
  }

  get all(): Peer[] {
    return [...this.members.values()].map(({ peer }) => peer);
  }

  /** What elections go by: the file of whoever knows the larger shard. */
  get rules(): Rules {
    return [...this.members.values()].reduce<Rules>(
      (largest, { rules }) => (rules !== undefined && rules.members > largest.members ? rules : largest),
      this.config().rules,
    );
  }

  /** A guard that has proved that it holds the secret says who and where it is. */
  introduced(name: string, { shard, address, port, guardPort, rules }: Introduction): void {
    const { config } = this;
    if (shard !== config().shard || name === config().name || this.members.has(name)) return;
    if (this.members.size - config().peers.length >= MOST_LEARNT) return;
    this.log(`${name} is a member, too, which is not in the file of this one yet`);
    this.add({ name, address, port, guardPort }, rules);
  }

  /** Members not in the file that have been silent for long. */
  get gone(): string[] {
    return [...this.members]
      .filter(([, { rules, heardAt }]) => rules !== undefined && performance.now() - heardAt >= GONE_MS)
      .map(([name]) => name);
  }

  /** Only what this member has as well may be forgotten: while it leads, or hears its master. */
  forget(names: readonly string[]): void {
    for (const name of names) {
      this.log(`${name} is no member any more`);
      this.remove(name);
    }
  }

  named(name: string): Peer | undefined {
    return this.members.get(name)?.peer;
  }

  /** Whether the file of this one names a member. */
  isInFile(name: string): boolean {
    const known = this.members.get(name);
    return known !== undefined && known.rules === undefined;
  }

  /** No other member that answers has a file of before this one was of the shard. */
  get allNameThis(): boolean {
    return [...this.states.values()].every(({ namesYou }) => namesYou !== false);
  }

  get promises(): Array<Term | null> {
    return [...this.states.values()].map(({ promised }) => promised);
  }

  /** The latest term that another member says it leads. */
  get lead(): Term | null {
    return [...this.states.values()].reduce<Term | null>((latest, { lead }) => {
      const term = lead?.term ?? null;
      return compareTerms(term, latest) > 0 ? term : latest;
    }, null);
  }

  /** Asks these for their votes; whoever does not answer is left out. Does not wait for the last ones once `enough` have granted. */
  async vote(peers: readonly Peer[], question: Question, enough: number): Promise<Map<string, Ballot>> {
    const ballots = new Map<string, Ballot>();
    await new Promise<void>((done) => {
      let open = peers.length;
      if (open === 0) done();
      for (const peer of peers) {
        this.ask(peer, question)
          .then((answer) => {
            ballots.set(peer.name, answer as Ballot);
            const granted = [...ballots.values()].filter((ballot) => ballot.granted).length;
            if (granted >= enough) setTimeout(done, GRACE_MS);
          })
          .catch(() => undefined)
          .finally(() => {
            if (--open === 0) done();
          });
      }
    });
    return ballots;
  }

  /** Tells everybody; the answer does not matter, for everybody asks again soon. */
  announce(lead: Lead): void {
    for (const peer of this.all) this.ask(peer, { kind: 'leader', lead }).catch(() => undefined);
  }

  async ask(peer: Peer, question: Question): Promise<unknown> {
    const link = this.members.get(peer.name)?.link;
    if (link === undefined) throw new RangeError(`${peer.name} is no member of this shard`);
    return await link.ask(question, PATIENCE_MS);
  }

  private add(peer: Peer, rules?: Rules): void {
    const { name, address } = this.config();
    this.members.set(peer.name, {
      peer,
      link: new GuardLink(peer, { name, address }, this.secrets),
      timer: setInterval(() => void this.poll(peer), POLL_MS),
      rules,
      heardAt: performance.now(),
    });
    void this.poll(peer);
  }

  private remove(name: string): void {
    const known = this.members.get(name);
    this.members.delete(name);
    this.states.delete(name);
    clearInterval(known?.timer);
    known?.link.close();
  }

  private async poll(peer: Peer): Promise<void> {
    const { shard, address, port, guardPort, rules } = this.config();
    try {
      const asker: Introduction = { shard, address, port, guardPort, rules };
      const state = (await this.ask(peer, { kind: 'state', asker })) as GuardState;
      const known = this.members.get(peer.name);
      if (known === undefined) return;
      known.heardAt = performance.now();
      this.states.set(peer.name, state);
      if (isLead(state.lead)) this.onLead(peer, state.lead);
    } catch {
      this.states.delete(peer.name);
    }
  }
}
