import type { Command } from '../../../protocol/command-table.ts';
import { encodeValue, Fraction, type ReplyValue } from '../../../protocol/encode-value.ts';
import { encodeRequest } from '../../../protocol/replies.ts';
import { type ReplyTree, replyTree } from '../../../protocol/reply-tree.ts';
import { Inquiry } from '../inquiry.ts';
import { partialFailure } from '../partial.ts';
import type { Session } from '../session.ts';

const REQUEST = encodeRequest(['MEMORY', 'STATS']);

/** Bytes and counts by their names; those of a database (`db.0`) are some of their own. */
type Amounts = Map<string, number | Amounts>;

/** MEMORY STATS of all servers together: amounts are added, and ratios are those of the sums. */
export function memoryStats(session: Session, command: Command): void {
  session.runAlone(
    new Inquiry(session, command, REQUEST.length, (inquiry) =>
      inquiry.askAll(REQUEST, (replies) => {
        const failure = partialFailure('memory stats', replies);
        if (failure !== null) {
          inquiry.answer(failure);
          return;
        }
        const sums: Amounts = new Map();
        const names: string[] = [];
        for (const { bytes } of replies) {
          const { items } = replyTree(bytes);
          for (let i = 0; i < items.length; i += 2)
            if (!names.includes(items[i].text)) names.push(items[i].text);
          add(sums, items);
        }
        inquiry.answer(encodeValue(whole(names, sums), session.protocol));
      }),
    ),
  );
}

/** Whole numbers are amounts; a fraction says nothing about several servers. */
function add(sums: Amounts, items: readonly ReplyTree[]): void {
  for (let i = 0; i + 1 < items.length; i += 2) {
    const [{ text: name }, value] = [items[i], items[i + 1]];
    const known = sums.get(name);
    if (value.items.length > 0) {
      const inner = known instanceof Map ? known : new Map();
      add(inner, value.items);
      sums.set(name, inner);
    } else if (value.kind === ':') {
      sums.set(name, (typeof known === 'number' ? known : 0) + Number(value.text));
    }
  }
}

/** In the order of the servers, with the figures that Redis works out from others (getMemoryOverheadData in object.c). */
function whole(names: readonly string[], sums: Amounts): ReplyValue {
  const amount = (name: string): number => {
    const sum = sums.get(name);
    return typeof sum === 'number' ? sum : 0;
  };
  const used = amount('total.allocated');
  const net = used - amount('startup.allocated');
  const resident = amount('allocator.resident');
  const process = resident + amount('rss-overhead.bytes');
  const workedOut = new Map<string, ReplyValue>([
    ['keys.bytes-per-key', Math.floor(ratio(net, amount('keys.count')))],
    ['dataset.percentage', new Fraction(100 * ratio(amount('dataset.bytes'), net))],
    ['peak.percentage', new Fraction(100 * ratio(used, amount('peak.allocated')))],
    [
      'allocator-fragmentation.ratio',
      new Fraction(ratio(amount('allocator.active'), amount('allocator.allocated'))),
    ],
    ['allocator-rss.ratio', new Fraction(ratio(resident, amount('allocator.active')))],
    ['rss-overhead.ratio', new Fraction(ratio(process, resident))],
    ['fragmentation', new Fraction(ratio(process, process - amount('fragmentation.bytes')))],
  ]);
  const all = names.flatMap((name): [string, ReplyValue][] => {
    const value = workedOut.get(name) ?? sums.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return new Map(all);
}

const ratio = (part: number, of: number): number => (of === 0 ? 0 : part / of);
