import { register } from '../attack.ts';
import { brief, isError, request } from '../wire.ts';

register({
  name: 'subscription-flood',
  tries: '100,000 channels and patterns over 50 connections, and what is said on them is not read',
  as: ['application'],
  seconds: 20,
  async run(attacker) {
    const { wires } = await attacker.many(50);
    const channels = Array.from({ length: 2000 }, (_, n) => attacker.key(`channel:${n}`));
    let answer: string | undefined;
    for (const [n, wire] of wires.entries()) {
      const words =
        n % 2 === 0 ? ['SUBSCRIBE', ...channels] : ['PSUBSCRIBE', ...channels.map((name) => `${name}*`)];
      await wire.send(request(...words));
      answer = await wire.reply(1000);
      if (isError(answer)) break;
      wire.stopReading();
    }
    const speaker = await attacker.enter();
    for (let n = 0; n < 200 && !isError(answer) && attacker.timeLeft > 3000; n++)
      await speaker.ask('PUBLISH', channels[n % channels.length], 'x'.repeat(100_000));
    for (const wire of [...wires, speaker]) wire.vanish();
    return { did: brief(answer), got: [] };
  },
});

register({
  name: 'members-channels',
  tries: 'listens to what servers and sentinels say to each other, and to everybody’s keys',
  as: ['application'],
  thin: true,
  seconds: 10,
  async run(attacker) {
    const got: string[] = [];
    const answers: string[] = [];
    for (const words of [
      ['SUBSCRIBE', '__sentinel__:hello'],
      ['PSUBSCRIBE', '__sentinel__*'],
      ['SSUBSCRIBE', '__sentinel__:hello'],
    ]) {
      const wire = await attacker.enter();
      const answer = await wire.ask(...words);
      answers.push(brief(answer));
      // a pattern is accepted, as it says nothing of who speaks; sentinels say hello every second
      const isPattern = words[0] === 'PSUBSCRIBE';
      const heard = isPattern && !isError(answer) ? await wire.reply(2500) : answer;
      if (heard !== undefined && !isError(heard)) got.push(`${words.join(' ')} -> ${brief(heard)}`);
      wire.vanish();
    }
    const wire = await attacker.enter();
    const channels = await wire.ask('PUBSUB', 'CHANNELS', '*');
    if (channels?.includes('__sentinel__') === true) got.push('PUBSUB CHANNELS shows the sentinels’ channel');
    wire.close();
    return { did: answers.join(' | '), got };
  },
});
