import { register } from '../attack.ts';
import { brief, request } from '../wire.ts';

/** Requests of some bytes for which a server has to allocate hundreds of megabytes. */
const SMALL_FOR_LARGE: ReadonlyArray<readonly string[]> = [
  ['SETRANGE', 'range', '230000000', 'x'],
  ['SETBIT', 'bit', '1840000000', '1'],
  ['BITFIELD', 'field', 'SET', 'u8', '1840000000', '1'],
  ['SRANDMEMBER', 'set', '-200000000'],
  ['HRANDFIELD', 'hash', '-200000000'],
  ['ZRANDMEMBER', 'zset', '-200000000'],
  ['LCS', 'one', 'other'],
];

register({
  name: 'small-for-large',
  tries: 'requests of some bytes for which a server has to allocate hundreds of megabytes',
  as: ['application'],
  seconds: 40,
  async run(attacker) {
    const answers: string[] = [];
    const setUp = await attacker.enter();
    // LCS needs memory for the product of two lengths, and both keys on one server.
    const tagged = (name: string): string => attacker.key(`{tag}${name}`);
    await setUp.ask('SADD', tagged('set'), 'x'.repeat(20));
    await setUp.ask('HSET', tagged('hash'), 'x'.repeat(20), '1');
    await setUp.ask('ZADD', tagged('zset'), '1', 'x'.repeat(20));
    await setUp.ask('SET', tagged('one'), 'ab'.repeat(6000));
    await setUp.ask('SET', tagged('other'), 'ba'.repeat(6000));
    for (const [command, ...words] of SMALL_FOR_LARGE) {
      const wire = await attacker.enter();
      const keys = command === 'LCS' ? words.map(tagged) : [tagged(words[0]), ...words.slice(1)];
      await wire.send(request(command, ...keys));
      answers.push(`${command} ${brief(await wire.reply(4000))}`);
      wire.vanish();
    }
    setUp.close();
    return { did: answers.join(' | '), got: [] };
  },
});

register({
  name: 'unread-local-answers',
  tries: 'a million PINGs and ECHOs of 100 KB, none of whose answers it reads',
  as: ['nobody', 'application'],
  seconds: 15,
  async run(attacker) {
    const pings = Buffer.from('PING\r\n'.repeat(100_000));
    const echoes = Buffer.concat(Array.from({ length: 100 }, () => request('ECHO', 'x'.repeat(100_000))));
    const { wires } = await attacker.many(8);
    for (const wire of wires) wire.stopReading();
    let sent = 0;
    await Promise.all(
      wires.map(async (wire, n) => {
        for (let times = 0; times < 10 && !wire.closed && attacker.timeLeft > 6000; times++) {
          const bytes = n % 2 === 0 ? pings : echoes;
          await Promise.race([wire.send(bytes), attacker.rest(1500)]);
          sent += bytes.length;
        }
      }),
    );
    await attacker.rest(1000);
    for (const wire of wires) wire.vanish();
    return { did: `${Math.round(sent / 1e6)} MB sent`, got: [] };
  },
});

register({
  name: 'large-scans',
  tries:
    'looks at everything at once: KEYS *, SCAN COUNT 1e9, SORT, and reads of whole collections of 200,000',
  as: ['application'],
  seconds: 25,
  async run(attacker) {
    const wire = await attacker.enter();
    const list = attacker.key('list');
    const items = Array.from({ length: 20_000 }, (_, n) => `item-${n}`);
    for (let n = 0; n < 10; n++) await wire.ask('RPUSH', list, ...items);
    const answers: string[] = [];
    for (const words of [
      ['KEYS', '*'],
      ['SCAN', '0', 'COUNT', '1000000000'],
      ['SORT', list, 'ALPHA'],
      ['LRANGE', list, '0', '-1'],
      ['LPOS', list, 'none', 'COUNT', '0'],
      ['LREM', list, '0', 'none'],
    ])
      answers.push(`${words[0]} ${brief(await wire.ask(...words))}`);
    await wire.ask('UNLINK', list);
    wire.close();
    return { did: answers.join(' | '), got: [] };
  },
});
