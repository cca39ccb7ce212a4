/**
 * The single-valued options of a container: where the engine keeps each, and how to write and read it.
 * Blocks (ports, volumes, networks …) are in container-blocks.ts.
 */
import { isEmpty, isObject, isUnknown, type ObjectValue, type Value } from '../protocol/values.ts';
import { settle, settleInherited } from './settle.ts';

/** A part of the engine's JSON; its many fields are reached by name from the table below. */
export type EngineJson = Record<string, unknown>;

/** The two halves of a container in the engine's API. */
export interface ContainerParts {
  config: EngineJson;
  hostConfig: EngineJson;
}

interface Option {
  part: keyof ContainerParts;
  /** Field, or two for one level down ("LogConfig", "Type"). */
  field: readonly [string] | readonly [string, string];
  write: (value: Value) => unknown;
  read: (found: unknown) => Value;
  /** Empty in the configuration means what the image says. */
  inherited?: boolean;
  /** Read back only when set: unset, the engine fills in its own. */
  onlyWhenSet?: boolean;
  /** Written even when false; the engine's own default could be true. */
  always?: boolean;
  /** Never read back: the engine mixes the image's in. */
  writeOnly?: boolean;
}

const MEGABYTE = 1024 * 1024;
const same = (value: unknown): Value => (value ?? null) as Value;

function option(part: keyof ContainerParts, field: Option['field'], extra: Partial<Option> = {}): Option {
  return { part, field, write: same, read: same, ...extra };
}
const config = (field: string, extra?: Partial<Option>): Option => option('config', [field], extra);
const host = (field: string, extra?: Partial<Option>): Option => option('hostConfig', [field], extra);

/** Docker counts bytes, terraform megabytes; 0 is "no limit" and -1 "unlimited" in both. */
const megabytes: Partial<Option> = {
  write: (value) => (Number(value) > 0 ? Number(value) * MEGABYTE : Number(value)),
  read: (found) => (Number(found ?? 0) > 0 ? Math.floor(Number(found) / MEGABYTE) : Number(found ?? 0)),
};
const inherited = true;

const OPTIONS: Readonly<Record<string, Option>> = {
  command: config('Cmd', { inherited }),
  entrypoint: config('Entrypoint', {
    inherited,
    read: (found) => (typeof found === 'string' ? [found] : same(found)),
  }),
  env: config('Env', { writeOnly: true }),
  user: config('User', { inherited }),
  working_dir: config('WorkingDir', { inherited }),
  hostname: config('Hostname', { inherited }),
  domainname: config('Domainname'),
  stop_signal: config('StopSignal', { inherited }),
  stop_timeout: config('StopTimeout', { inherited }),
  tty: config('Tty'),
  stdin_open: config('OpenStdin'),
  init: host('Init', { always: true, read: (found) => found === true }),
  group_add: host('GroupAdd'),
  privileged: host('Privileged'),
  read_only: host('ReadonlyRootfs'),
  rm: host('AutoRemove'),
  restart: option('hostConfig', ['RestartPolicy', 'Name'], { read: (found) => same(found || 'no') }),
  max_retry_count: option('hostConfig', ['RestartPolicy', 'MaximumRetryCount']),
  security_opts: host('SecurityOpt'),
  sysctls: host('Sysctls'),
  tmpfs: host('Tmpfs'),
  log_driver: option('hostConfig', ['LogConfig', 'Type'], { inherited }),
  log_opts: option('hostConfig', ['LogConfig', 'Config'], { onlyWhenSet: true }),
  runtime: host('Runtime', { inherited }),
  ipc_mode: host('IpcMode', { inherited }),
  pid_mode: host('PidMode'),
  cgroupns_mode: host('CgroupnsMode', { onlyWhenSet: true }),
  network_mode: host('NetworkMode'),
  dns: host('Dns'),
  dns_opts: host('DnsOptions'),
  dns_search: host('DnsSearch'),
  memory: host('Memory', megabytes),
  memory_swap: host('MemorySwap', { ...megabytes, inherited }),
  shm_size: host('ShmSize', { ...megabytes, inherited }),
  cpu_shares: host('CpuShares'),
  cpu_set: host('CpusetCpus'),
  cpu_period: host('CpuPeriod'),
  cpu_quota: host('CpuQuota'),
};

/** The options docker can change on a living container, in the field names of its update call. */
const UPDATABLE = [
  'restart',
  'max_retry_count',
  'memory',
  'memory_swap',
  'cpu_shares',
  'cpu_set',
  'cpu_period',
  'cpu_quota',
];

/** Writes all options that are set into `parts`. */
export function writeOptions(planned: ObjectValue, parts: ContainerParts): void {
  for (const [name, one] of Object.entries(OPTIONS)) {
    const value = planned[name];
    if (!isUnknown(value) && value !== null && (one.always || !isEmpty(value))) {
      put(parts[one.part], one.field, one.write(value));
    }
  }
}

/** What has to be sent to the engine to bring a living container from `prior` to `planned`; undefined when nothing. */
export function updateRequest(prior: ObjectValue, planned: ObjectValue): EngineJson | undefined {
  if (
    UPDATABLE.every(
      (name) => prior[name] === planned[name] || (isEmpty(prior[name]) && isEmpty(planned[name])),
    )
  ) {
    return undefined;
  }
  // The engine ignores what is absent, so everything is sent; zero means "no limit".
  const parts: ContainerParts = { config: {}, hostConfig: {} };
  for (const name of UPDATABLE) {
    const value = planned[name];
    if (!isUnknown(value)) {
      put(parts.hostConfig, OPTIONS[name].field, OPTIONS[name].write(value ?? 0));
    }
  }
  // Without a limit of its own swap follows memory, as it does when a container is created.
  if (isUnknown(planned.memory_swap)) {
    parts.hostConfig.MemorySwap = Number(planned.memory) * 2 * MEGABYTE;
  }
  return parts.hostConfig;
}

/** The options as the engine has them, told apart from other spellings of what the state already says. */
export function readOptions(before: ObjectValue, parts: ContainerParts): ObjectValue {
  const state: ObjectValue = {};
  for (const [name, one] of Object.entries(OPTIONS)) {
    const unread = one.writeOnly || (one.onlyWhenSet && isEmpty(before[name]));
    const observed = unread ? before[name] : one.read(pick(parts[one.part], one.field));
    const known = isUnknown(before[name]) ? null : before[name];
    state[name] = one.inherited ? settleInherited(known, observed) : settle(known, observed);
  }
  if (isUnknown(state.env)) {
    state.env = (parts.config.Env ?? []) as Value;
  }
  return state;
}

function put(target: EngineJson, [first, second]: Option['field'], value: unknown): void {
  if (second === undefined) {
    target[first] = value;
  } else {
    target[first] = { ...(target[first] as EngineJson | undefined), [second]: value };
  }
}

function pick(source: EngineJson, [first, second]: Option['field']): unknown {
  const outer = source[first];
  return second === undefined ? outer : isObject(outer as Value) ? (outer as EngineJson)[second] : undefined;
}
