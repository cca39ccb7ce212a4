import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceInputs, StackInputs } from '../../stacks/inputs.ts';
import { isOnHosts, loadAnyTopology, loadTopology, planAny, planStack } from '../../topology/index.ts';
import {
  ACCOUNTS,
  type Account,
  type AnyPlan,
  type Credentials,
  type HostsPlan,
  type Plan,
} from '../../topology/types.ts';

/** Plan of a stack file's text; throws when the text has mistakes. */
export function planOf(text: string): Plan {
  const loaded = loadTopology(text, 'stack.yaml');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return planStack(loaded.topology);
}

/** The default stack. */
export const defaultPlan = (): Plan => planOf('name: alpha\nvip: 198.18.0.100\n');

/** Plan of a stack file with a machine for each domain; throws when it has mistakes, or has none. */
export function hostsPlanOf(text: string): HostsPlan {
  const loaded = loadAnyTopology(text, 'stack.yaml');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const plan = planAny(loaded.topology);
  if (!isOnHosts(plan)) throw new Error('no domain names a machine');
  return plan;
}

/** Three machines on one LAN, of which one is reached by TLS. */
export const THREE_HOSTS = `name: alpha
vip: 10.0.0.100
domains:
  - { name: a, docker: ssh://ops@10.0.0.11, address: 10.0.0.11 }
  - { name: b, docker: ssh://ops@10.0.0.12, address: 10.0.0.12 }
  - { name: c, docker: tcp://10.0.0.13:2376, address: 10.0.0.13, certificates: ./tls/c }
`;

/** The same, with members that have addresses of their own on that LAN. */
export const THREE_ON_LAN = `name: alpha
vip: 10.0.0.100
network: macvlan
lan: 10.0.0.0/24
gateway: 10.0.0.1
domains:
  - { name: a, docker: ssh://ops@10.0.0.11, address: 10.0.0.11, parent: ens3, range: 10.0.0.32/28 }
  - { name: b, docker: ssh://ops@10.0.0.12, address: 10.0.0.12, parent: ens3, range: 10.0.0.48/28 }
  - { name: c, docker: ssh://ops@10.0.0.13, address: 10.0.0.13, parent: bond0.7, range: 10.0.0.64/28 }
`;

/** Recognisable passwords, so that a test can look for them. */
export const TEST_CREDENTIALS: Credentials = Object.fromEntries(
  ACCOUNTS.map((account) => [account, `clear-text-of-${account}-0123456789`]),
) as Record<Account, string>;

/** Stack inputs with made-up images and seeds; the wiring does not look inside them. */
export function inputsOf(plan: Plan, change?: Partial<StackInputs>): ServiceInputs;
export function inputsOf(plan: AnyPlan, change?: Partial<StackInputs>): StackInputs;
export function inputsOf(plan: AnyPlan, change: Partial<StackInputs> = {}): StackInputs {
  const image = (kind: string) => ({
    name: `twemstack/${kind}:0123456789ab`,
    context: `../../../.twemstack/images/${kind}-0123456789ab`,
    base: 'debian:bookworm-slim',
  });
  return {
    plan,
    instance: '0123456789abcdef',
    images: { redis: image('redis'), proxy: image('proxy'), edge: image('edge'), monitor: image('monitor') },
    seeds: new Map(
      plan.members.map(({ name }) => [
        name,
        [
          {
            name: 'facts.env',
            source: `../../../.twemstack/${name}/facts.env`,
            sha256: 'f'.repeat(64),
            fixedSha256: 'e'.repeat(64),
          },
        ],
      ]),
    ),
    provider: { source: 'twemstack.invalid/offline/docker', version: '4.5.0' },
    stateDir: '../../../.twemstack/stacks/alpha/state',
    keptMembers: new Map(),
    protectData: true,
    ...change,
  };
}

/** A folder of its own, gone when the callback ends. */
export async function inTemporaryFolder<T>(work: (path: string) => T | Promise<T>): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), 'twemstack-test-'));
  try {
    return await work(path);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}
