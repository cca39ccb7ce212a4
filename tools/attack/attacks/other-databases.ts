import { register } from '../attack.ts';
import { brief, isError } from '../wire.ts';

register({
  name: 'other-databases',
  tries: 'reaches the databases of other pools: SELECT, MOVE, COPY, and from within a script',
  as: ['application'],
  thin: true,
  seconds: 10,
  async run(attacker) {
    const key = attacker.key('k');
    const got: string[] = [];
    const ways = [
      ['SELECT', '1'],
      ['MOVE', key, '1'],
      ['COPY', key, `${key}2`, 'DB', '1'],
      ['SWAPDB', '0', '1'],
    ];
    for (const words of ways) {
      const wire = await attacker.enter();
      await wire.ask('SET', key, 'v');
      const answer = await wire.ask(...words);
      if (!isError(answer) && answer !== ':0\r\n') got.push(`${words[0]} -> ${brief(answer)}`);
      const script = `return redis.call('${words.join("','")}')`;
      const inside = await wire.ask('EVAL', script, '1', key);
      // What a script selects is over with it; what it moves is not.
      if (words[0] !== 'SELECT' && !isError(inside) && inside !== ':0\r\n')
        got.push(`script: ${words[0]} -> ${brief(inside)}`);
      await wire.ask('DEL', key, `${key}2`);
      wire.close();
    }
    return { did: `${ways.length} ways, straight and from a script`, got };
  },
});
