import { register } from '../attack.ts';
import { brief, isError, request } from '../wire.ts';

register({
  name: 'split-transaction',
  tries: 'sends a transaction in several reads, so that a part of a refused one is carried out',
  as: ['application'],
  thin: true,
  seconds: 8,
  async run(attacker) {
    const got: string[] = [];
    const wire = await attacker.enter();
    const key = attacker.key('counter');
    for (let n = 0; n < 20; n++) {
      const multi = await wire.ask('MULTI');
      await wire.ask('INCR', key);
      const exec = await wire.ask('EXEC');
      const value = await wire.ask('GET', key);
      if (isError(exec) && value !== '$-1\r\n') {
        got.push(
          `EXEC says ${brief(exec)} (MULTI: ${brief(multi)}), and the key is ${value?.split('\r\n')[1]}`,
        );
        break;
      }
      await wire.ask('DEL', key);
    }
    // Larger than one read: 200 commands of 20 kB, as a client library pipelines them.
    const large = 'x'.repeat(20_000);
    const keys = Array.from({ length: 200 }, (_, n) => attacker.key(`p${n}`));
    await wire.send(
      Buffer.concat([request('MULTI'), ...keys.map((each) => request('SET', each, large)), request('EXEC')]),
    );
    const answers: Array<string | undefined> = [];
    for (let n = 0; n < keys.length + 2 && attacker.timeLeft > 1000; n++)
      answers.push(await wire.reply(Math.min(3000, attacker.timeLeft)));
    const exec = answers.at(-1);
    const there = await wire.ask('EXISTS', ...keys);
    if (isError(exec) && there !== ':0\r\n')
      got.push(`EXEC says ${brief(exec)}, and ${brief(there)} of 200 are written`);
    await wire.ask('DEL', ...keys);
    wire.close();
    return { did: `EXEC: ${brief(exec)}`, got };
  },
});
