import { register } from '../attack.ts';
import { brief, longRequest } from '../wire.ts';

register({
  name: 'many-keys',
  tries: 'MGET, DEL and MSET of 1,000,000 keys in one request each',
  as: ['application'],
  seconds: 25,
  async run(attacker) {
    const keys = Array.from({ length: 1_000_000 }, (_, n) => attacker.key(n));
    const requests = [
      longRequest(['MGET', ...keys]),
      longRequest(['DEL', ...keys]),
      longRequest(['MSET', ...keys.slice(0, 200_000).flatMap((key) => [key, '1'])]),
      longRequest(['UNLINK', ...keys]),
    ];
    const answers: string[] = [];
    for (const each of requests) {
      const wire = await attacker.enter();
      await Promise.race([wire.send(each), attacker.rest(5000)]);
      answers.push(brief(await wire.reply(5000)));
      wire.close();
    }
    return { did: answers.join(' | '), got: [] };
  },
});
