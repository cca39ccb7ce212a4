import { register } from '../attack.ts';
import { brief, request } from '../wire.ts';

register({
  name: 'tracked-names',
  tries:
    'reads 8,000 keys that do not exist and whose names have 16 KB, for the servers to remember (CLIENT TRACKING)',
  as: ['application'],
  seconds: 15,
  async run(attacker) {
    const wire = await attacker.enter();
    const said = [await wire.ask('HELLO', '3'), await wire.ask('CLIENT', 'TRACKING', 'ON')].map(brief);
    let answer: string | undefined;
    let sent = 0;
    for (; sent < 8000 && attacker.timeLeft > 3000 && !wire.closed; sent++)
      answer = await wire.ask('GET', attacker.key('x'.repeat(16_000) + sent));
    wire.vanish();
    return { did: `${sent} names: ${[...said.slice(1), brief(answer)].join(' | ')}`, got: [] };
  },
});

register({
  name: 'tracked-clients',
  tries:
    '300 clients read the same 12,000 keys, for the servers to remember each of them for each (CLIENT TRACKING)',
  as: ['application'],
  seconds: 25,
  async run(attacker) {
    const { wires } = await attacker.many(300);
    const keys = Array.from({ length: 12_000 }, (_, n) => attacker.key(`t${n}`));
    const reads = request('MGET', ...keys);
    let answer: string | undefined;
    for (const wire of wires) {
      if (attacker.timeLeft < 5000) break;
      await wire.ask('HELLO', '3');
      await wire.ask('CLIENT', 'TRACKING', 'ON');
      await wire.send(reads);
      answer = await wire.reply(3000);
    }
    for (const wire of wires) wire.vanish();
    return { did: brief(answer), got: [] };
  },
});

register({
  name: 'tracked-prefixes',
  tries:
    '200 clients with 60 prefixes each, with which servers compare every key that anybody writes (CLIENT TRACKING BCAST)',
  as: ['application'],
  seconds: 15,
  async run(attacker) {
    const { wires } = await attacker.many(200);
    const answers = new Set<string>();
    for (const [n, wire] of wires.entries()) {
      const prefixes = Array.from({ length: 60 }, (_, i) => ['PREFIX', attacker.key(`${n}:${i}:`)]).flat();
      await wire.ask('HELLO', '3');
      answers.add(brief(await wire.ask('CLIENT', 'TRACKING', 'ON', 'BCAST', ...prefixes)));
    }
    while (attacker.timeLeft > 4000) await new Promise((done) => setTimeout(done, 100));
    for (const wire of wires) wire.vanish();
    return { did: [...answers].slice(0, 3).join(' | '), got: [] };
  },
});
