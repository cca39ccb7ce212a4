import { register } from '../attack.ts';
import { brief, isError } from '../wire.ts';

/**
 * What changes or shows the servers themselves. None of it is an application's business. FLUSHALL and FLUSHDB are, unless
 * the pool says `dangerous: refuse`, and so are functions, the slow log, and settings that are no secret.
 */
const FORBIDDEN: ReadonlyArray<readonly string[]> = [
  ['SWAPDB', '0', '1'],
  ['SHUTDOWN', 'NOSAVE'],
  ['DEBUG', 'SLEEP', '5'],
  ['DEBUG', 'SEGFAULT'],
  ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
  ['CONFIG', 'SET', 'maxmemory', '1'],
  ['CONFIG', 'SET', 'dir', '/tmp'],
  ['CONFIG', 'REWRITE'],
  ['CONFIG', 'RESETSTAT'],
  ['REPLICAOF', 'NO', 'ONE'],
  ['SLAVEOF', '127.0.0.1', '1'],
  ['FAILOVER', 'FORCE'],
  ['CLUSTER', 'RESET', 'HARD'],
  ['SAVE'],
  ['BGSAVE'],
  ['BGREWRITEAOF'],
  ['MONITOR'],
  ['SYNC'],
  ['PSYNC', '?', '-1'],
  ['REPLCONF', 'listening-port', '1'],
  ['MODULE', 'LOAD', '/tmp/x.so'],
  ['MODULE', 'LIST'],
  ['ACL', 'LIST'],
  ['ACL', 'SETUSER', 'application', 'allcommands'],
  ['ACL', 'GETUSER', 'operator'],
  ['ACL', 'LOAD'],
  ['SENTINEL', 'FAILOVER', 'shard-1'],
  ['MIGRATE', '127.0.0.1', '6379', 'k', '0', '100'],
  ['FUNCTION', 'RESTORE', 'x', 'FLUSH'],
  ['SCRIPT', 'KILL'],
  ['PFDEBUG', 'GETREG', 'k'],
  ['PFSELFTEST'],
  ['RESTORE-ASKING', 'k', '0', 'x'],
];

register({
  name: 'forbidden-commands',
  tries:
    'sends every command that changes or shows the servers themselves, straight and from within a script',
  as: ['application', 'nobody'],
  thin: true,
  seconds: 20,
  async run(attacker) {
    const got: string[] = [];
    let asked = 0;
    for (const words of FORBIDDEN) {
      const script = `return redis.call(${words.map((word) => `'${word}'`).join(',')})`;
      for (const request of [words, ['EVAL', script, '1', attacker.key('script')]]) {
        const wire = await attacker.enter();
        const answer = await wire.ask(...request);
        asked += 1;
        // No answer at all is a closed connection, which is a refusal, too.
        if (!isError(answer))
          got.push(`${request[0] === 'EVAL' ? 'script: ' : ''}${words.join(' ')} -> ${brief(answer)}`);
        wire.close();
      }
    }
    return { did: `${asked} requests, ${got.length} answered with anything but an error`, got };
  },
});
