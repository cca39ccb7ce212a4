import { observed } from '../../../../sentinel/guard/core/memory.ts';
import type { Term } from '../../../../sentinel/guard/core/term.ts';
import type { Mechanism } from './mechanism.ts';
import type { Member } from './member.ts';

/** Numbers below a bound, one for each choice there is. */
export type Choose = (bound: number) => number;

export interface Acknowledged {
  readonly id: number;
  readonly term: Term;
}

/** What replication needs of the shard around it. */
export interface Shard {
  readonly members: readonly Member[];
  readonly mechanism: Pick<Mechanism, 'rules'>;
  note(text: string): void;
  newReplid(member: Member): string;
}

interface Ack {
  readonly from: number;
  readonly to: number;
  readonly replid: string;
  readonly offset: number;
}

/** What redis does by itself: attaching, copying, acknowledging. */
export class Replication {
  acknowledged: readonly Acknowledged[];
  acksUnderWay: Ack[];

  /** @param before what it is to begin with; nothing unless it is a copy */
  constructor(
    private readonly shard: Shard,
    before?: Replication,
  ) {
    this.acknowledged = before?.acknowledged ?? [];
    this.acksUnderWay = [...(before?.acksUnderWay ?? [])];
  }

  /** Redis attaches to whatever it is pointed at, whoever that is by now, and takes some of what it lacks. */
  replicate(member: Member, amount: number): void {
    const master = member.follows === undefined ? undefined : this.shard.members[member.follows];
    if (!member.up || master === undefined || !master.up || master === member) return;
    if (member.attached !== master.replid && !this.attach(member, master)) return;
    const gap = Math.min(amount, master.offset - member.offset);
    if (gap <= 0) return;
    const at = master.log.length - (master.offset - member.offset);
    member.log = [...member.log, ...master.log.slice(at, at + gap)];
    member.offset += gap;
    this.shard.note(`${member.name} takes ${gap} of ${master.name}`);
  }

  private attach(member: Member, master: Member): boolean {
    // A replica without a master of its own has nothing to offer; the silent one counts.
    if (master.role === 'replica' && !(master.placed && master.follows === undefined)) return false;
    const same = member.replid === master.replid && member.offset <= master.offset;
    const continues = member.replid === master.former && member.offset <= master.began;
    if (!(member.placed && master.placed && (same || continues))) {
      member.olderLog ??= member.log;
      // Its guard looks ten times a second: it sees a data set taken over before that is acknowledged, and lost again.
      member.save(observed(member.memory, { ...member.view(), loading: true }));
      member.log = master.log;
      member.offset = master.offset;
      this.shard.note(`${member.name} takes all of ${master.name}`);
    } else this.shard.note(`${member.name} attaches to ${master.name}`);
    // A master gets its place, and a new id, with its first replica.
    if (!master.placed) {
      master.placed = true;
      master.replid = this.shard.newReplid(master);
      master.acks.clear();
    }
    member.replid = master.replid;
    member.former = '';
    member.placed = true;
    member.attached = master.replid;
    return true;
  }

  /** What answers a history that its master has left comes to nothing. */
  forgetDead(): void {
    this.acksUnderWay = this.acksUnderWay.filter(({ to, replid }) => {
      const master = this.shard.members[to];
      return master.up && master.role === 'master' && master.replid === replid;
    });
  }

  /** Whether what it acknowledges would be news that can come to anything. */
  wouldTell({ index, follows, attached, offset }: Member): boolean {
    const master = follows === undefined ? undefined : this.shard.members[follows];
    if (master === undefined || attached !== master.replid || master.role !== 'master') return false;
    const known = this.acksUnderWay.filter(({ from, replid }) => from === index && replid === attached);
    return offset > Math.max(master.began, master.acks.get(index) ?? 0, ...known.map((ack) => ack.offset));
  }

  sendAck(member: Member): void {
    if (!member.up || member.follows === undefined || member.attached === undefined) return;
    if (this.shard.members[member.follows].replid !== member.attached) return;
    this.acksUnderWay.push({
      from: member.index,
      to: member.follows,
      replid: member.replid,
      offset: member.offset,
    });
  }

  /** @param which its place among those under way */
  takeAck(which: (count: number) => number): void {
    if (this.acksUnderWay.length === 0) return;
    const [ack] = this.acksUnderWay.splice(which(this.acksUnderWay.length), 1);
    const master = this.shard.members[ack.to];
    if (!master.up || master.role !== 'master' || master.replid !== ack.replid) return;
    master.acks.set(ack.from, Math.max(ack.offset, master.acks.get(ack.from) ?? 0));
    this.acknowledge(master);
  }

  /** WAIT: what enough replicas have, and was written while it was master, is told to the clients. */
  private acknowledge(master: Member): void {
    const term = master.memory.promised;
    const enough = [...master.acks.values()].sort((a, b) => b - a)[
      this.shard.mechanism.rules.waitReplicas - 1
    ];
    if (enough === undefined || term === null || !master.memory.leads) return;
    const start =
      master.memory.histories.find(({ replid }) => replid === master.replid)?.start ?? master.began;
    for (let offset = start + 1; offset <= enough; offset++) {
      const { id } = master.log[master.log.length - 1 - (master.offset - offset)];
      if (this.acknowledged.some((each) => each.id === id)) continue;
      this.acknowledged = [...this.acknowledged, { id, term }];
      this.shard.note(`${master.name} acknowledges ${id}`);
    }
  }
}
