import { metricsDocument } from '../../proxy/admin/metrics.ts';
import { snapshotOf } from '../../proxy/admin/snapshot.ts';
import { memoryScene } from './memory-scene.ts';

/** What `/metrics` of a proxy says when it has everything that some pools only have: TLS, members, replicas that are read from. */
export async function everyMetric(): Promise<string> {
  const { pool, client, settle } = await memoryScene([]);
  client().ask('GET', 'a');
  settle();
  const snapshot = snapshotOf([pool]);
  const [first] = snapshot.pools;
  const [server] = first.servers;
  const whole = { ...server, strangeMasters: [], replicas: [server] };
  const pools = [{ ...first, certificateExpiry: 1_900_000_000, servers: [whole] }];
  return metricsDocument({ ...snapshot, pools }, 1_800_000_000_000);
}
