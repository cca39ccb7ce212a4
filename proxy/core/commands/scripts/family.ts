import { wordAt } from '../../../protocol/key-positions.ts';
import { encodeRequest, integerReply, statusesReply } from '../../../protocol/replies.ts';
import { element } from '../answered.ts';
import { Inquiry } from '../inquiry.ts';
import { partialFailure } from '../partial.ts';
import { refuse, unknownSubcommand, wrongArity, wrongSubcommandArity } from '../refusals.ts';
import type { Family, Handler, Session } from '../session.ts';

/** What is asked of all servers, when its turn has come. */
type Asking = (inquiry: Inquiry, session: Session, words: readonly Uint8Array[], request: Uint8Array) => void;

/**
 * LOAD body: to all servers. It is loaded when one has taken it and the pool keeps it, for every other gets it with the
 * first call: one that is away, or ejected, hinders nobody.
 */
const load: Asking = (inquiry, { routing }, [body], request) =>
  inquiry.askAll(request, (replies) => {
    const loaded = replies.find(({ isError }) => !isError);
    const isKept = loaded !== undefined && routing.scripts.find(routing.scripts.add(body)) !== undefined;
    const failure = isKept ? null : partialFailure('script load', replies);
    inquiry.answer(failure ?? (loaded ?? replies[0]).bytes);
  });

/** EXISTS sha …: what the pool keeps is there wherever it is called; of the rest, what all servers have. */
const exists: Asking = (inquiry, { routing }, shas, request) => {
  const here = shas.map((sha) => routing.scripts.find(lower(sha)) !== undefined);
  if (here.every((each) => each)) inquiry.answer(flags(here));
  else {
    inquiry.askAll(request, (replies) => {
      const failure = partialFailure('script exists', replies);
      const there = replies.map(({ bytes }) => flagsIn(bytes));
      inquiry.answer(failure ?? flags(here.map((each, i) => each || there.every((list) => list[i]))));
    });
  }
};

/** FLUSH [ASYNC | SYNC]: on all servers, and here. */
const flush: Asking = (inquiry, { routing }, words, request) => {
  const isValid = words.length === 0 || (words.length === 1 && /^(a?sync)$/.test(lower(words[0])));
  if (isValid) routing.scripts.clear();
  inquiry.askAll(request, (replies) =>
    inquiry.answer(partialFailure('script flush', replies) ?? replies[0].bytes),
  );
};

const lower = (word: Uint8Array): string => Buffer.from(word).toString('latin1').toLowerCase();

function flags(each: readonly boolean[]): Uint8Array {
  return Buffer.concat([Buffer.from(`*${each.length}\r\n`), ...each.map((is) => integerReply(is ? 1 : 0))]);
}

function flagsIn(reply: Uint8Array): boolean[] {
  const [, ...lines] = Buffer.from(reply).toString('latin1').trimEnd().split('\r\n');
  return lines.map((line) => line === ':1');
}

const HELP = [
  'SCRIPT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'EXISTS <sha1> [<sha1> ...]',
  '    Whether EVALSHA finds these scripts, on whichever server of the pool.',
  'FLUSH [ASYNC|SYNC]',
  '    Forget all scripts, on all servers of the pool and in this proxy.',
  'LOAD <script>',
  '    Load a script, for all servers of the pool, without executing it.',
  'HELP',
  '    Print this help.',
];

/** Subcommands by their name: arity as Redis counts it, and what is asked of the servers. */
const SUBCOMMANDS: ReadonlyMap<string, readonly [arity: number, asking: Asking]> = new Map([
  ['exists', [-3, exists]],
  ['flush', [-2, flush]],
  ['load', [3, load]],
  ['help', [2, (inquiry: Inquiry): void => inquiry.answer(statusesReply(HELP))]],
]);

/** Why not. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['debug', 'it stops a server for one client: connect to that server'],
  ['kill', 'it would wait behind the script that it is to end'],
]);

const script: Handler = (session, command, frame, buffer) => {
  const subcommand = wordAt(frame, buffer, 1);
  const found = SUBCOMMANDS.get(subcommand);
  const reason = REFUSED.get(subcommand);
  if (frame.argc < 2) refuse(session, wrongArity(command));
  else if (reason !== undefined) refuse(session, `'script ${subcommand}' is not served: ${reason}`);
  else if (found === undefined)
    session.reply(session.tail++, unknownSubcommand(command.name, buffer, frame), 0);
  else {
    const [arity, asking] = found;
    if (arity > 0 ? frame.argc !== arity : frame.argc < -arity)
      session.reply(session.tail++, wrongSubcommandArity(command.name, subcommand), 0);
    else {
      const words = Array.from({ length: frame.argc - 2 }, (_, i) =>
        Uint8Array.from(element(frame, buffer, i + 2)),
      );
      const request = encodeRequest(['SCRIPT', subcommand.toUpperCase(), ...words]);
      session.runAlone(
        new Inquiry(session, command, 2 * request.length, (inquiry) =>
          asking(inquiry, session, words, request),
        ),
      );
    }
  }
};

/** The scripts that EVALSHA calls. */
export const SCRIPTS: Family = { script };
