import type { Command } from 'commander';
import { group, verb } from './verb.ts';

/** Verbs about the machines of a stack. */
export function addHosts(program: Command): void {
  program.commandsGroup('Several hosts:');
  verb(
    program,
    'hosts',
    'several hosts: who the machines say they are, at most four seconds each; exit 3 when one will not do',
    async () => (await import('../verbs/hosts.ts')).hostsVerb,
  );
  const lab = group(program, 'lab', 'three engines or more as hosts on this machine (root, Linux)');
  verb(
    lab,
    'up',
    'start them, reachable by ssh and TLS; what runs already is left as it is',
    async () => (await import('../verbs/lab.ts')).labUpVerb,
  ).option(
    '--hosts <n>',
    'how many, from 3 to 6 (default: those that it has, else 3); more can be added later',
  );
  verb(
    lab,
    'status',
    'the hosts and their engines; exit 1 when one is off or silent',
    async () => (await import('../verbs/lab.ts')).labStatusVerb,
  );
  verb(
    lab,
    'down',
    'end them and remove all that is theirs, images and data included',
    async () => (await import('../verbs/lab.ts')).labDownVerb,
  );
}
