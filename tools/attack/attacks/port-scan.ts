import { register } from '../attack.ts';

register({
  name: 'port-scan',
  tries: 'looks for anything but the pools on the VIP that answers in the network of an application',
  as: ['nobody'],
  seconds: 30,
  async run(attacker) {
    const { target } = attacker;
    const { vip, poolPorts, knownPorts, neighbours, edgeFronts } = target;
    const places = neighbours.flatMap(({ address, name }) =>
      knownPorts.map((port) => ({ host: address, port, name })),
    );
    for (const host of edgeFronts)
      for (const port of knownPorts.filter((known) => !poolPorts.includes(known)))
        places.push({ host, port, name: `edge at ${host}` });
    // Everything below 10,000 on the VIP, and what a stack is known to have anywhere.
    for (let port = 1; port <= 10_000; port++) places.push({ host: vip, port, name: 'VIP' });
    const open: string[] = [];
    let at = 0;
    const scan = async (): Promise<void> => {
      for (let place = places[at++]; place !== undefined && attacker.timeLeft > 0; place = places[at++]) {
        if (place.host === vip && poolPorts.includes(place.port)) continue;
        const wire = await attacker.connect(place.host, place.port).catch(() => undefined);
        if (wire === undefined) continue;
        open.push(`${place.name}:${place.port}`);
        wire.close();
      }
    };
    await Promise.all(Array.from({ length: 200 }, scan));
    return {
      did: `${at} of ${places.length} ports tried, ${open.length} open`,
      got:
        open.length === 0
          ? []
          : [`reaches ${open.length} more than the pools: ${open.slice(0, 12).join(' ')}`],
    };
  },
});
