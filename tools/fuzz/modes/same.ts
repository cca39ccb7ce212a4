import { encodeRequest } from '../../../proxy/protocol/replies.ts';
import { Wire } from '../../bench/wire.ts';
import { carryOut, type Moment, type Place } from './carry-out.ts';
import { isSameReply } from './refused.ts';
import type { Setting, Step } from './step.ts';
import { EVERYTHING, type Told } from './transcript.ts';

/**
 * Carries a program out on a redis-server and at a proxy, each with empty servers.
 * @returns where they differ, in words; null = nowhere
 */
export async function differs(
  plain: number,
  ours: Place,
  setting: Setting,
  program: readonly Step[],
): Promise<string | null> {
  for (const port of [plain, ...ours.servers]) await empty(port);
  const expected = await carryOut({ port: plain, servers: [plain] }, setting, program);
  const found = await carryOut(ours, setting, program, expected);
  const at = expected.findIndex((moment, i) => !isSame(moment, found[i], found[i - 1], program[i]));
  return at < 0 ? null : inWords(at, program, expected[at], found[at]);
}

async function empty(port: number): Promise<void> {
  const wire = await Wire.open({ host: '127.0.0.1', port });
  await wire.ask(encodeRequest(['FLUSHALL']));
  wire.close();
}

function isSame(redis: Moment, ours: Moment, before: Moment | undefined, step: Step | undefined): boolean {
  if (JSON.stringify(redis.state) !== JSON.stringify(ours.state)) return false;
  return redis.told.every((told, i) => {
    const mayDoubt =
      ours.restarted || (step?.client === i && 'requests' in step && step.requests.some(makesDoubtful));
    const isDoubted = ours.doubted[i] && (mayDoubt || before?.doubted[i] === true);
    // Redis tells of changes when all that was sent in one go is done, by the options that hold then
    return isSameTold(told, ours.told[i], isDoubted, mayDoubt && isDoubted);
  });
}

/** What is documented to throw a client's cache away, where Redis does not (docs/nutcracker-yml.md, client-side caching). */
const makesDoubtful = ([name, second, third]: readonly string[]): boolean =>
  name === 'EXEC' || (name === 'CLIENT' && second === 'TRACKING' && third === 'ON');

function isSameTold(redis: Told, ours: Told, isDoubted = false, mayTellMore = false): boolean {
  const keys = isDoubted ? ours.invalidated.filter((key) => key !== EVERYTHING) : ours.invalidated;
  return (
    redis.replies.length === ours.replies.length &&
    redis.replies.every((reply, i) => isSameReply(reply, ours.replies[i])) &&
    JSON.stringify(redis.messages) === JSON.stringify(ours.messages) &&
    (mayTellMore || keys.every((key) => redis.invalidated.includes(key))) &&
    (isDoubted || redis.invalidated.every((key) => keys.includes(key)))
  );
}

function inWords(at: number, program: readonly Step[], expected: Moment, found: Moment): string {
  const lines = program.slice(0, at + 1).map((step) => {
    const what = 'leaves' in step ? 'leaves' : step.requests.map((words) => words.join(' ')).join(' | ');
    return `  ${step.client}: ${shortened(what)}`;
  });
  const differences = expected.told.flatMap((told, i) => {
    const other = found.told[i];
    return isSameTold(told, other)
      ? []
      : [
          `client ${i}, redis: ${shortened(JSON.stringify(told))}`,
          `client ${i}, ours:  ${shortened(JSON.stringify(other))}`,
        ];
  });
  const states = [JSON.stringify(expected.state), JSON.stringify(found.state)];
  if (states[0] !== states[1]) differences.push(`state, redis: ${states[0]}`, `state, ours:  ${states[1]}`);
  const when = at < program.length ? 'after the last of these steps' : 'when all was over';
  return [...lines, `${when}:`, ...differences].join('\n');
}

const shortened = (text: string): string => text.replace(/y{100,}/g, 'y…');
