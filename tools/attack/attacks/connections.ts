import { register } from '../attack.ts';
import { request } from '../wire.ts';

register({
  name: 'idle-connections',
  tries: 'opens 4,300 connections, more than an edge takes, and says nothing on them',
  as: ['nobody', 'application'],
  seconds: 25,
  // A full edge tells newcomers so; what it may not do is fall, or let go of those it has.
  limits: { newcomerMs: Number.POSITIVE_INFINITY },
  async run(attacker) {
    const { wires, failed } = await attacker.many(4300);
    await attacker.rest(8000);
    const open = wires.filter(({ closed }) => !closed).length;
    for (const wire of wires) wire.close();
    const stays = attacker.guise === 'nobody' && open > 100;
    return {
      did: `${wires.length} opened, ${failed} refused, ${open} still open after 8 s`,
      got: stays ? [`${open} connections stay without ever having given a password`] : [],
    };
  },
});

register({
  name: 'password-guessing',
  tries: 'guesses passwords, pipelined over 50 connections, for five seconds',
  as: ['nobody'],
  seconds: 10,
  async run(attacker) {
    const guesses = Buffer.concat(Array.from({ length: 100 }, (_, n) => request('AUTH', `guess-${n}`)));
    const end = performance.now() + 5000;
    let answered = 0;
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        while (performance.now() < end) {
          const wire = await attacker.connect().catch(() => undefined);
          if (wire === undefined) return;
          await wire.send(guesses);
          while (!wire.closed && wire.replies < 100 && performance.now() < end) await attacker.rest(20);
          answered += wire.replies;
          wire.close();
        }
      }),
    );
    const rate = Math.round(answered / 5);
    return {
      did: `${rate} guesses a second were answered`,
      got: rate > 1000 ? [`${rate} guesses a second`] : [],
    };
  },
});

register({
  name: 'vanishing-clients',
  tries: 'pipelines without reading and goes away, 3,000 times: nothing of it may stay',
  as: ['nobody', 'application'],
  seconds: 25,
  async run(attacker) {
    const key = attacker.key('v');
    const setUp = await attacker.enter();
    await setUp.ask('SET', key, 'x'.repeat(50_000));
    setUp.close();
    const pipeline = Buffer.concat(Array.from({ length: 300 }, () => request('GET', key)));
    let gone = 0;
    const one = async (): Promise<void> => {
      while (gone < 3000 && attacker.timeLeft > 3000) {
        gone += 1;
        const wire = await attacker.enter().catch(() => undefined);
        if (wire === undefined) continue;
        wire.stopReading();
        await Promise.race([wire.send(pipeline), attacker.rest(200)]);
        // Half of them in good order, half by a reset.
        if (gone % 2 === 0) wire.close();
        else wire.vanish();
      }
    };
    await Promise.all(Array.from({ length: 50 }, one));
    return { did: `${gone} times`, got: [] };
  },
});

register({
  name: 'connection-storm',
  tries: 'opens and closes connections as fast as it can for five seconds',
  as: ['nobody'],
  seconds: 10,
  async run(attacker) {
    const end = performance.now() + 5000;
    let opened = 0;
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        while (performance.now() < end) {
          const wire = await attacker.connect().catch(() => undefined);
          if (wire !== undefined) opened += 1;
          wire?.vanish();
        }
      }),
    );
    return { did: `${opened} connections`, got: [] };
  },
});

register({
  name: 'slow-senders',
  tries: 'sends one byte now and then of large requests, over 1,000 connections',
  as: ['nobody', 'application'],
  seconds: 15,
  async run(attacker) {
    const { wires } = await attacker.many(1000);
    await Promise.all(wires.map((wire) => wire.send('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000000\r\n')));
    while (attacker.timeLeft > 4000) {
      await Promise.all(wires.map((wire) => wire.send('x')));
      await attacker.rest(500);
    }
    const open = wires.filter(({ closed }) => !closed).length;
    for (const wire of wires) wire.close();
    const stays = attacker.guise === 'nobody' && open > 100;
    return {
      did: `${wires.length} opened, ${open} still open at the end`,
      got: stays ? [`${open} stay without ever having given a password`] : [],
    };
  },
});
