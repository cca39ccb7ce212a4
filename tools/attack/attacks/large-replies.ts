import { register } from '../attack.ts';
import type { Attacker } from '../attacker.ts';
import { brief, isError, request } from '../wire.ts';

async function put(attacker: Attacker, name: string, bytes: number): Promise<string> {
  const wire = await attacker.enter();
  const key = attacker.key(name);
  await Promise.race([wire.send(request('SET', key, Buffer.alloc(bytes, 'x'))), attacker.rest(4000)]);
  const answer = await wire.reply(4000);
  wire.close();
  if (isError(answer)) throw new Error(`SET of ${bytes} bytes: ${brief(answer)}`);
  return key;
}

register({
  name: 'unread-replies',
  tries: 'pipelines 2500 GETs of 100 KB and reads none of the answers, from four connections',
  as: ['application'],
  seconds: 15,
  async run(attacker) {
    const key = await put(attacker, 'hundred', 100_000);
    const pipeline = Buffer.concat(Array.from({ length: 2500 }, () => request('GET', key)));
    const { wires } = await attacker.many(4);
    for (const wire of wires) wire.stopReading();
    await Promise.all(wires.map((wire) => Promise.race([wire.send(pipeline), attacker.rest(5000)])));
    await attacker.rest(6000);
    for (const wire of wires) wire.vanish();
    return { did: `${wires.length} times 250 MB asked for and not read`, got: [] };
  },
});

register({
  name: 'repeated-large-key',
  tries: 'one MGET that names a key of 1 MB 300 times',
  as: ['application'],
  seconds: 20,
  async run(attacker) {
    const key = await put(attacker, 'large', 1_000_000);
    const { wires } = await attacker.many(3);
    await Promise.all(wires.map((wire) => wire.send(request('MGET', ...Array<string>(300).fill(key)))));
    const answers = await Promise.all(wires.map((wire) => wire.reply(12_000)));
    for (const wire of wires) wire.close();
    return { did: [...new Set(answers.map(brief))].join(' | '), got: [] };
  },
});

register({
  name: 'large-value',
  tries: 'one SET of 240 MB',
  as: ['application'],
  seconds: 25,
  async run(attacker) {
    const wire = await attacker.enter();
    const value = request('SET', attacker.key('huge'), Buffer.alloc(240 * 1024 * 1024, 'x'));
    await Promise.race([wire.send(value), attacker.rest(12_000)]);
    const answer = await wire.reply(8000);
    wire.close();
    return { did: brief(answer), got: [] };
  },
});

register({
  name: 'slow-replica',
  tries: '350 SETs of 1 MB while a replica hangs: its master keeps what it cannot send',
  as: ['application'],
  seconds: 30,
  meanwhile: 'replica frozen',
  async run(attacker) {
    const value = Buffer.alloc(1024 * 1024, 'x');
    const answers = new Map<string, number>();
    const { wires } = await attacker.many(4);
    let n = 0;
    await Promise.all(
      wires.map(async (wire) => {
        while (n < 350 && attacker.timeLeft > 5000) {
          // Over few keys: what is stored is not the point, what is on its way is.
          await wire.send(request('SET', attacker.key(n++ % 8), value));
          const answer = brief(await wire.reply(4000));
          answers.set(answer, (answers.get(answer) ?? 0) + 1);
        }
        wire.close();
      }),
    );
    return {
      did: [...answers]
        .map(([answer, count]) => `${count}× ${answer}`)
        .slice(0, 3)
        .join(' | '),
      got: [],
    };
  },
});
