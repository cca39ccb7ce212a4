import { InputError } from '../../errors.ts';

/** A direction between two nodes, named by what they are at the start (`shard-1.master`, `proxy.2`; nodes.ts). */
export interface ScriptLink {
  readonly from: string;
  readonly to: string;
}

/** What is done at one moment. */
export type Deed =
  | { readonly verb: 'cut'; readonly links: readonly ScriptLink[] }
  /** All links are whole again. */
  | { readonly verb: 'mend' }
  /** The container, with all that is in it; it stays away until the end. */
  | { readonly verb: 'kill'; readonly node: string }
  /** The program alone; what watches over it brings it back. */
  | { readonly verb: 'crash'; readonly node: string }
  | { readonly verb: 'freeze'; readonly node: string; readonly forMs: number };

export interface ScriptStep {
  /** Milliseconds from the beginning. */
  readonly at: number;
  readonly deed: Deed;
}

/** A fault that takes its time: steps in order, and when all of it is taken back. */
export interface Script {
  readonly steps: readonly ScriptStep[];
  /** Milliseconds from the beginning. */
  readonly end: number;
}

/** As `--replay` takes it: `0 cut a>b a>c; 1200 kill d; 3000 freeze e 800; 4000 mend; 7000 end`. Pure. */
export function printScript({ steps, end }: Script): string {
  return [...steps.map(({ at, deed }) => `${at} ${printDeed(deed)}`), `${end} end`].join('; ');
}

function printDeed(deed: Deed): string {
  switch (deed.verb) {
    case 'cut':
      return `cut ${printLinks(deed.links).join(' ')}`;
    case 'mend':
      return 'mend';
    case 'freeze':
      return `freeze ${deed.node} ${deed.forMs}`;
    default:
      return `${deed.verb} ${deed.node}`;
  }
}

/** Both directions of a pair in one word: `a<>b`. */
function printLinks(links: readonly ScriptLink[]): string[] {
  const all = new Set(links.map(({ from, to }) => `${from}>${to}`));
  return links.flatMap(({ from, to }) => {
    if (!all.has(`${to}>${from}`)) return [`${from}>${to}`];
    return from < to ? [`${from}<>${to}`] : [];
  });
}

/** @throws InputError with the words that are none of a script's */
export function parseScript(text: string): Script {
  const parts = text
    .split(';')
    .map((part) => part.trim().split(/\s+/))
    .filter(([first]) => first !== '');
  const last = parts.pop();
  if (last === undefined || last[1] !== 'end' || last.length !== 2) refuse(text, 'its last step is `MS end`');
  return {
    steps: parts.map((words) => ({ at: time(text, words[0]), deed: parseDeed(text, words.slice(1)) })),
    end: time(text, last[0]),
  };
}

function parseDeed(text: string, [verb, ...words]: string[]): Deed {
  const [node, ms] = words;
  switch (verb) {
    case 'cut':
      if (words.length > 0) return { verb, links: words.flatMap((word) => parseLinks(text, word)) };
      break;
    case 'mend':
      if (words.length === 0) return { verb };
      break;
    case 'freeze':
      if (words.length === 2) return { verb, node, forMs: time(text, ms) };
      break;
    case 'kill':
    case 'crash':
      if (words.length === 1) return { verb, node };
  }
  return refuse(text, `there is no step "${[verb, ...words].join(' ')}"`);
}

function parseLinks(text: string, word: string): ScriptLink[] {
  const [, one, way, other] = /^([^<>]+)(<>|>)([^<>]+)$/.exec(word) ?? [];
  if (other === undefined) refuse(text, `"${word}" is no link: a>b one way, a<>b both ways`);
  const there = { from: one, to: other };
  return way === '>' ? [there] : [there, { from: other, to: one }];
}

/** No script is to hold a stack broken for longer. */
export const LONGEST_MS = 120_000;

function time(text: string, word: string): number {
  const ms = Number(word);
  if (!Number.isInteger(ms) || ms < 0 || ms > LONGEST_MS)
    refuse(text, `"${word}" is no time: milliseconds, at most ${LONGEST_MS}`);
  return ms;
}

function refuse(text: string, why: string): never {
  throw new InputError(`--replay cannot be read: ${why}`, {
    where: text,
    remedy: 'MS cut LINK…; MS kill|crash NODE; MS freeze NODE MS; MS mend; MS end',
  });
}
