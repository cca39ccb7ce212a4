import { register } from '../attack.ts';
import { brief } from '../wire.ts';

const WAYS: ReadonlyArray<readonly string[]> = [
  ['CLIENT', 'KILL', 'TYPE', 'normal'],
  ['CLIENT', 'KILL', 'TYPE', 'replica'],
  ['CLIENT', 'KILL', 'USER', 'application'],
  ['CLIENT', 'KILL', 'USER', 'proxy'],
  ['CLIENT', 'KILL', 'SKIPME', 'yes'],
  ['CLIENT', 'KILL', 'ADDR', '0.0.0.0:0'],
  ['CLIENT', 'PAUSE', '5000', 'ALL'],
  ['CLIENT', 'NO-EVICT', 'on'],
  ['CLIENT', 'UNPAUSE'],
  ['CLIENT', 'UNBLOCK', '1', 'ERROR'],
];

register({
  name: 'others-connections',
  tries: 'kills, pauses and unblocks the connections of others',
  as: ['application', 'nobody'],
  thin: true,
  seconds: 10,
  async run(attacker) {
    const answers = new Set<string>();
    for (const words of WAYS) {
      for (const request of [
        words,
        ['EVAL', `return redis.call('${words.join("','")}')`, '1', attacker.key('s')],
      ]) {
        const wire = await attacker.enter();
        answers.add(brief(await wire.ask(...request)));
        wire.close();
      }
    }
    const wire = await attacker.enter();
    for (let id = 1; id < 300; id++) await wire.ask('CLIENT', 'KILL', 'ID', String(id));
    wire.close();
    // Whether anybody was hit is seen on the bystander's connections.
    return { did: [...answers].slice(0, 3).join(' | '), got: [] };
  },
});
