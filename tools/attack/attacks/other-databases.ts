import { register } from '../attack.ts';
import { brief, isError } from '../wire.ts';

register({
  name: 'other-databases',
  // Not from scripts: an application's password is good for every pool of its stack, so there it gets nothing new.
  tries: 'leaves the databases of its pool for one that others may count on: SELECT, MOVE, COPY, SWAPDB',
  as: ['application'],
  thin: true,
  seconds: 10,
  async run(attacker) {
    const key = attacker.key('k');
    const got: string[] = [];
    const foreign = String(attacker.target.foreignDatabase);
    const ways = [
      ['SELECT', foreign],
      ['MOVE', key, foreign],
      ['COPY', key, `${key}2`, 'DB', foreign],
      ['SWAPDB', '0', foreign],
    ];
    for (const words of ways) {
      const wire = await attacker.enter();
      await wire.ask('SET', key, 'v');
      const answer = await wire.ask(...words);
      if (!isError(answer) && answer !== ':0\r\n') got.push(`${words[0]} -> ${brief(answer)}`);
      await wire.ask('DEL', key, `${key}2`);
      wire.close();
    }
    return { did: `${ways.length} ways`, got };
  },
});
