import type { GuardConfig, Peer } from './config.ts';
import { placeOf } from './config.ts';
import { compareTerms, type Term } from './core/term.ts';
import { GuardLink } from './link/client.ts';
import { type Ballot, type GuardState, isLead, type Lead, type Question } from './messages.ts';

const POLL_MS = 250;
/** A vote costs a write to the disk and a question to redis. */
const PATIENCE_MS = 600;
/** Once enough have answered, for how long the others are waited for. Milliseconds. */
const GRACE_MS = 40;

/** The guards of the other members: what they last said, and questions to them. */
export class Peers {
  private readonly links: ReadonlyMap<string, GuardLink>;
  private readonly states = new Map<string, GuardState>();
  private readonly timers: NodeJS.Timeout[];

  /** @param onLead called whenever a member says that it is master */
  constructor(
    private readonly config: GuardConfig,
    secrets: () => readonly string[],
    private readonly onLead: (peer: Peer, lead: Lead) => void,
  ) {
    const { name, address } = config;
    this.links = new Map(
      config.peers.map((peer) => [peer.name, new GuardLink(peer, { name, address }, secrets)]),
    );
    this.timers = config.peers.map((peer) => setInterval(() => void this.poll(peer), POLL_MS));
    for (const peer of config.peers) void this.poll(peer);
  }

  at(place: string): Peer | undefined {
    return this.config.peers.find((peer) => placeOf(peer) === place);
  }

  named(name: string): Peer | undefined {
    return this.config.peers.find((peer) => peer.name === name);
  }

  /** How many other members answered the last time they were asked. */
  get heard(): number {
    return this.states.size;
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
    for (const peer of this.config.peers) this.ask(peer, { kind: 'leader', lead }).catch(() => undefined);
  }

  async ask(peer: Peer, question: Question): Promise<unknown> {
    const link = this.links.get(peer.name);
    if (link === undefined) throw new RangeError(`${peer.name} is no member of this shard`);
    return await link.ask(question, PATIENCE_MS);
  }

  close(): void {
    for (const timer of this.timers) clearInterval(timer);
    for (const link of this.links.values()) link.close();
  }

  private async poll(peer: Peer): Promise<void> {
    try {
      const state = (await this.ask(peer, { kind: 'state' })) as GuardState;
      this.states.set(peer.name, state);
      if (isLead(state.lead)) this.onLead(peer, state.lead);
    } catch {
      this.states.delete(peer.name);
    }
  }
}
