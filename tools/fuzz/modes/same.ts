import { encodeRequest } from '../../../proxy/protocol/replies.ts';
import { Wire } from '../../bench/wire.ts';
import { carryOut, type Moment, type Place } from './carry-out.ts';
import type { Step } from './program.ts';

/**
 * Carries a program out on a redis-server and at a proxy, each with empty servers.
 * @returns where they differ, in words; null = nowhere
 */
export async function differs(plain: number, ours: Place, program: readonly Step[]): Promise<string | null> {
  for (const port of [plain, ...ours.servers]) await empty(port);
  const expected = await carryOut({ port: plain, servers: [plain] }, program);
  const found = await carryOut(ours, program, expected);
  const at = expected.findIndex((moment, i) => JSON.stringify(moment) !== JSON.stringify(found[i]));
  return at < 0 ? null : inWords(at, program, expected[at], found[at]);
}

async function empty(port: number): Promise<void> {
  const wire = await Wire.open({ host: '127.0.0.1', port });
  await wire.ask(encodeRequest(['FLUSHALL']));
  wire.close();
}

function inWords(at: number, program: readonly Step[], expected: Moment, found: Moment): string {
  const lines = program.slice(0, at + 1).map((step) => {
    const what = 'leaves' in step ? 'leaves' : step.requests.map((words) => words.join(' ')).join(' | ');
    return `  ${step.client}: ${shortened(what)}`;
  });
  const differences = expected.told.flatMap((told, i) => {
    const other = found.told[i];
    return JSON.stringify(told) === JSON.stringify(other)
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
