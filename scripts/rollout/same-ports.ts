import { parseConfig } from '../../proxy/config/nutcracker-yml.ts';
import type { HostsPlan } from '../../topology/types.ts';
import { routingOf } from '../data/key-moves.ts';
import { firstOf, InputError } from '../errors.ts';
import { renderNutcrackerYml } from '../render/nutcracker-yml.ts';

/** Where pools and shards listen, by name: ports follow from their places in the file. */
function portsIn(routing: string): ReadonlyMap<string, number> {
  const ports = new Map<string, number>();
  for (const pool of parseConfig(routing)) {
    if (pool.listen.kind === 'tcp') ports.set(`pool ${pool.name}`, pool.listen.port);
    for (const { address, name } of pool.servers)
      if (address.kind === 'tcp') ports.set(`shard ${name}`, address.port);
  }
  return ports;
}

/**
 * Refuses to change the ports of pools and shards that stand on several hosts, as another block or another order does: until its
 * turn an edge would lead the clients of one pool to the proxies' port of another one.
 *
 * @param former where keys lived until now, as `routingOf` gives it; undefined when nobody knows
 * @throws InputError naming what would move
 */
export function demandSamePorts(plan: HostsPlan, former: string | undefined): void {
  if (former === undefined) return;
  const next = portsIn(routingOf(renderNutcrackerYml(plan)));
  const moved = [...portsIn(former)].flatMap(([name, port]) => {
    const now = next.get(name);
    return now === undefined || now === port ? [] : [`${name}: ${port} -> ${now}`];
  });
  if (moved.length === 0) return;
  throw new InputError('the ports of members cannot change while the stack stands', {
    where: firstOf(moved),
    remedy:
      'nothing was changed; put `ports` and the order of `pools` and `shards` back (new ones go to the end), or `twemstack down` (the data ' +
      'stays) and then `twemstack up`',
  });
}
