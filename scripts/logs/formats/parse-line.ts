import type { Role } from '../../../topology/types.ts';
import type { LineFormat, ParsedLine, Program } from '../record.ts';
import { goKitLine } from './go-kit.ts';
import { haproxyLine } from './haproxy.ts';
import { keepalivedLine } from './keepalived.ts';
import { proxyLine } from './proxy.ts';
import { redisLine } from './redis.ts';
import { twemstackLine } from './twemstack.ts';

/** HAProxy comes last: on an edge, what is nobody else's is its. */
const FORMATS: readonly LineFormat[] = [
  twemstackLine,
  goKitLine,
  redisLine,
  proxyLine,
  keepalivedLine,
  haproxyLine,
];

const MAIN_PROGRAM: Readonly<Record<Role, Program>> = {
  redis: 'redis',
  sentinel: 'sentinel',
  proxy: 'proxy',
  edge: 'haproxy',
  monitor: 'prometheus',
};

/** What nobody formats, a crash of the program for instance. */
const CRASH = /FATAL|BUG REPORT|Traceback|panic|[Ss]egmentation|Uncaught|error:/;

/** Takes a line of a member's log apart, whichever of its daemons wrote it. */
export function parseLine(line: string, role: Role): ParsedLine {
  for (const format of FORMATS) {
    const parsed = format(line, role);
    if (parsed !== undefined) return parsed;
  }
  return { program: MAIN_PROGRAM[role], level: CRASH.test(line) ? 'error' : 'notice', text: line };
}
