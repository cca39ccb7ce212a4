import { register } from '../attack.ts';
import { brief, request } from '../wire.ts';

register({
  name: 'blocking-flood',
  tries: '500 connections that wait for ever: BLPOP, XREAD BLOCK, WAIT, BZPOPMIN',
  as: ['application'],
  seconds: 15,
  async run(attacker) {
    const { wires } = await attacker.many(500);
    const ways = [
      ['BLPOP', attacker.key('l'), '0'],
      ['XREAD', 'BLOCK', '0', 'STREAMS', attacker.key('s'), '$'],
      ['WAIT', '5', '0'],
      ['BZPOPMIN', attacker.key('z'), '0'],
      ['BRPOPLPUSH', attacker.key('l'), attacker.key('l'), '0'],
    ];
    await Promise.all(wires.map((wire, n) => wire.send(request(...ways[n % ways.length]))));
    const answers = await Promise.all(wires.slice(0, ways.length).map((wire) => wire.reply(2000)));
    await attacker.rest(3000);
    for (const wire of wires) wire.vanish();
    return { did: answers.map(brief).join(' | '), got: [] };
  },
});
