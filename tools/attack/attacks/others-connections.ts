import { register } from '../attack.ts';
import { brief } from '../wire.ts';

/** Straight: what may not reach further than the pool. Whom the same account ends or pauses there is its own business. */
const STRAIGHT: ReadonlyArray<readonly string[]> = [
  ['CLIENT', 'KILL', 'TYPE', 'replica'],
  ['CLIENT', 'KILL', 'USER', 'proxy'],
  ['CLIENT', 'KILL', 'ADDR', '0.0.0.0:0'],
  ['CLIENT', 'PEER', '0', 'KILL', 'TYPE', 'normal'],
  ['CLIENT', 'NO-EVICT', 'on'],
  ['CLIENT', 'UNPAUSE'],
  ['CLIENT', 'UNBLOCK', '1', 'ERROR'],
];
/** On a server these would hit every client of every pool, the proxies and the replicas. */
const IN_A_SCRIPT: ReadonlyArray<readonly string[]> = [
  ...STRAIGHT,
  ['CLIENT', 'KILL', 'TYPE', 'normal'],
  ['CLIENT', 'KILL', 'USER', 'application'],
  ['CLIENT', 'KILL', 'SKIPME', 'yes'],
  ['CLIENT', 'PAUSE', '5000', 'ALL'],
];

register({
  name: 'others-connections',
  tries: 'kills, pauses and unblocks the connections of others',
  as: ['application', 'nobody'],
  thin: true,
  seconds: 10,
  async run(attacker) {
    const answers = new Set<string>();
    const scripts = IN_A_SCRIPT.map((words) => [
      'EVAL',
      `return redis.call('${words.join("','")}')`,
      '1',
      attacker.key('s'),
    ]);
    for (const request of [...STRAIGHT, ...scripts]) {
      const wire = await attacker.enter();
      answers.add(brief(await wire.ask(...request)));
      wire.close();
    }
    // Whether anybody was hit is seen on the bystander's connections.
    return { did: [...answers].slice(0, 3).join(' | '), got: [] };
  },
});
