import { isIP } from 'node:net';
import type { Rules, Vote, VoteRequest } from './core/election.ts';
import { isHistory, isTerm } from './core/memory.ts';
import type { History } from './core/position.ts';
import type { Term } from './core/term.ts';

/** What guards, and twemstack's own verbs, ask a guard. */
export type Question =
  | { readonly kind: 'state'; readonly asker?: Introduction }
  /** `dry`: would you? Nothing is promised. */
  | { readonly kind: 'vote'; readonly request: VoteRequest; readonly dry: boolean }
  | { readonly kind: 'leader'; readonly lead: Lead }
  /** Your data reaches further than mine: stand for election. */
  | { readonly kind: 'stand' }
  /** A person wants this master to step down for another member, soon. */
  | { readonly kind: 'yield'; readonly to: string; readonly forMs: number }
  /** A person wants this member to be master, whoever is out of reach. */
  | { readonly kind: 'force' };

/** Who a guard is that asks, for members whose file does not name it yet. */
export interface Introduction {
  readonly shard: string;
  readonly address: string;
  readonly port: number;
  readonly guardPort: number;
  readonly rules: Rules;
}

/** A member that is master now. */
export interface Lead {
  readonly term: Term;
  readonly histories: readonly History[];
}

export interface GuardState {
  readonly member: string;
  readonly promised: Term | null;
  /** Present while it is master. */
  readonly lead?: Lead;
  readonly role: 'master' | 'replica' | 'unknown';
  readonly offset: number;
  /** Why the last election did not come to anything; empty when it did, or none was tried. */
  readonly waiting: string;
  /** Whether its file names the member that asks; one of an older version does not say. */
  readonly namesYou?: boolean;
}

export type Ballot =
  | {
      readonly granted: true;
      readonly vote: Vote /** It led the term that it had promised. */;
      readonly led: boolean;
    }
  | { readonly granted: false; readonly reason: string; readonly promised: Term | null };

/** A question as it came; undefined when it is none. Its sender holds the secret, but may be of another version. */
export function parseQuestion(value: unknown): Question | undefined {
  const question = value as Partial<Record<string, unknown>> | null;
  switch (question?.kind) {
    case 'state':
      return isIntroduction(question.asker) ? { kind: 'state', asker: question.asker } : { kind: 'state' };
    case 'stand':
    case 'force':
      return { kind: question.kind };
    case 'vote': {
      const request = question.request as VoteRequest | undefined;
      const good = isTerm(request?.term) && (request.released === null || isTerm(request.released));
      return good && request !== undefined
        ? { kind: 'vote', request, dry: question.dry === true }
        : undefined;
    }
    case 'leader': {
      const lead = question.lead as Lead | undefined;
      return isLead(lead) ? { kind: 'leader', lead } : undefined;
    }
    case 'yield': {
      const { to, forMs } = question;
      return typeof to === 'string' && typeof forMs === 'number' ? { kind: 'yield', to, forMs } : undefined;
    }
    default:
      return undefined;
  }
}

export const isLead = (value: unknown): value is Lead => {
  const lead = value as Partial<Lead> | undefined;
  return isTerm(lead?.term) && Array.isArray(lead.histories) && lead.histories.every(isHistory);
};

/** Guards of former versions, and the verbs of the command line, do not introduce themselves. */
function isIntroduction(value: unknown): value is Introduction {
  const { shard, address, port, guardPort, rules } = (value ?? {}) as Partial<Introduction>;
  const numbers = [port, guardPort, rules?.members, rules?.votes, rules?.waitReplicas];
  return (
    typeof shard === 'string' &&
    typeof address === 'string' &&
    isIP(address) !== 0 &&
    numbers.every((number) => Number.isSafeInteger(number) && Number(number) >= 0 && Number(number) <= 65_535)
  );
}
