import type { Vote, VoteRequest } from '../../../../sentinel/guard/core/election.ts';
import { BLANK, type Memory, type RedisView, standOf } from '../../../../sentinel/guard/core/memory.ts';
import type { Term } from '../../../../sentinel/guard/core/term.ts';

/** One write. */
export interface Entry {
  readonly id: number;
}

/** One redis with its guard's memory. */
export class Member {
  up = true;
  role: 'master' | 'replica' = 'replica';
  /** Index of the member that its redis is pointed at; undefined: its guard. */
  follows: number | undefined;
  /** The replication id under which it is attached to `follows`. */
  attached: string | undefined;
  log: readonly Entry[] = [];
  replid: string;
  offset = 0;
  former = '';
  began = 0;
  /** It has a place in a history; not after a start. */
  placed = false;
  memory: Memory = BLANK;
  diskMemory: Memory = BLANK;
  /** The append-only file: the log itself, or what it was before a full synchronisation that is still being written. */
  olderLog: readonly Entry[] | undefined;
  /** As a master: acknowledged offsets, by member, under the present id. */
  acks = new Map<number, number>();
  campaign: Campaign | undefined;
  /** What this state is called (explore.ts); of a copy, which something is done to, undefined again. */
  state: number | undefined;

  constructor(
    readonly index: number,
    replid: string,
  ) {
    this.replid = replid;
  }

  /** The same in another world. */
  copy(): Member {
    const copy = Object.assign(new Member(this.index, this.replid), this);
    copy.state = undefined;
    copy.acks = new Map(this.acks);
    if (this.campaign !== undefined)
      copy.campaign = { ...this.campaign, votes: new Map(this.campaign.votes) };
    return copy;
  }

  get name(): string {
    return `m${this.index}`;
  }

  /** @param persists whether it is on the disk, too */
  save(memory: Memory, persists = true): void {
    this.memory = memory;
    if (persists) this.diskMemory = memory;
  }

  /** What its guard sees of its redis. */
  view(): RedisView {
    const linked = this.follows === undefined ? this.placed : this.attached !== undefined;
    return {
      role: this.role,
      follows: this.role === 'master' ? '' : String(this.follows),
      linkUp: linked,
      loading: false,
      replid: this.replid,
      offset: this.offset,
      backlogFrom: this.placed ? 0 : null,
      stored: this.olderLog === undefined,
      freshReplicas: 0,
    };
  }

  /** @param to index of a member; undefined: its guard */
  point(to: number | undefined): void {
    if (this.role === 'master') this.acks.clear();
    this.role = 'replica';
    this.follows = to;
    this.attached = undefined;
  }

  voteOf(promised: Term | null): Vote {
    const view = this.view();
    return {
      member: this.name,
      stand: standOf(this.memory, view),
      promised,
      histories: this.memory.histories,
      backlogFrom: view.backlogFrom,
    };
  }
}

export interface Campaign {
  readonly request: VoteRequest;
  own: Vote;
  readonly votes: Map<number, Vote>;
  /** Waiting to have fetched what this one has more. */
  fetching: Vote | undefined;
}
