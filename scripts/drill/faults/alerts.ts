import type Docker from 'dockerode';
import type { AnyPlan } from '../../../topology/types.ts';
import { type BackupRecord, forgetFailure, readBackupRecord } from '../../backup/record.ts';
import { tellMonitors } from '../../backup/tell-monitors.ts';
import { EXIT, NotSoError } from '../../errors.ts';
import { Home, homeFolder } from '../../stack/home.ts';
import type { Drill, FaultContext, Surroundings } from '../drill.ts';
import { killContainer, need } from './break.ts';
import { cutOnce, UNHEARD_MS } from './limits.ts';
import { hitShard, vipHolder } from './targets.ts';
import { endsWith, twemstack } from './twemstack.ts';

/** No folder can be made in it, whoever asks. */
const NO_STORE = '/dev/null/backups';

/** Lets the stack's next backup fail, and whoever watches be told of it. */
async function failBackup(context: FaultContext): Promise<void> {
  const { plan, engine, stackFile, timeline } = context;
  const home = new Home(homeFolder(stackFile));
  const { lastFailure } = readBackupRecord(home, plan.name);
  const fault = { what: 'a backup failed', remedy: { kind: 'backup', lastFailure } } as const;
  context.undoLater(fault, async () => {
    await unfailBackup(home, plan, engine, lastFailure);
    timeline.note('drill', 'restored', 'no backup has failed');
  });
  timeline.note('drill', 'fault', `a backup to ${NO_STORE}`);
  const running = twemstack(['backup', '--to', NO_STORE], stackFile);
  await endsWith(EXIT.notSo, running, 'the backup that was to fail');
}

/**
 * Forgets the failure that a drill made.
 *
 * @param before the one that was noted down before it
 * @throws NotSoError when a monitor could not be told
 */
export async function unfailBackup(
  home: Home,
  plan: AnyPlan,
  engine: Docker,
  before: BackupRecord['lastFailure'],
): Promise<void> {
  const deaf = await tellMonitors(plan, engine, forgetFailure(home, plan.name, before));
  if (deaf.length > 0) throw new NotSoError(`a monitor still knows of a failed backup: ${deaf.join('; ')}`);
}

const alerts: Drill = {
  name: 'alerts',
  summary:
    'take a replica, a sentinel, a proxy and an edge away and let a backup fail, until each is told of; then all is well again, and that is told, too',
  alerts: [
    'RedisDown',
    'ReplicaMissing',
    'SentinelMissing',
    'ProxyDown',
    'EdgeDown',
    'StackDegraded',
    'BackupFailing',
  ],
  holds: true,
  refused: async ({ plan }: Surroundings) => {
    if ((plan.monitors ?? []).length === 0) return 'nothing is raised without `monitoring: on`';
    return plan.edges.length > 1 &&
      plan.proxies.length > 1 &&
      plan.shards.some(({ members: [, next] }) => next)
      ? undefined
      : 'it needs two edges, two proxies and a replica';
  },
  // What a proxy's clients notice is for `kill-proxy` to hold tight; here the engine ends four containers at once.
  promised: () => ({ ...cutOnce(1000, 'connection'), failures: 2, hearLater: UNHEARD_MS }),
  lasts: () => 4000,
  async inject(context) {
    const { plan } = context;
    const { shard, replicas } = hitShard(context);
    const holder = vipHolder(context);
    const members = [
      need(replicas.at(-1), `replica of ${shard}`),
      plan.sentinels[0],
      plan.proxies[0],
      need(
        plan.edges.find(({ name }) => name !== holder),
        'edge that stands by',
      ),
    ].map(({ name }) => name);
    const at = performance.now();
    await Promise.all(members.map((name) => killContainer(context, name)));
    await failBackup(context);
    return { at, members };
  },
};

export const ALERT_DRILLS: readonly Drill[] = [alerts];
