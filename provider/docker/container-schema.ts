/** The attributes of docker_container: names, types and nesting as in the bindings, minus what this provider refuses. */
import {
  type Attribute,
  block,
  computed,
  defaulted,
  either,
  listOf,
  type NestedBlock,
  optional,
  refused,
  required,
  type Schema,
  setOf,
  type TypeSpec,
} from '../protocol/schema.ts';
import { checkDuration } from './go-duration.ts';
import { labelBlock } from './labels.ts';

const STRINGS: TypeSpec = ['set', 'string'];
const STRING_LIST: TypeSpec = ['list', 'string'];
const STRING_MAP: TypeSpec = ['map', 'string'];
const inPlace = true;

/** A check that demands one of the given words. */
const oneOf =
  (...words: string[]) =>
  (value: unknown): string | undefined =>
    words.includes(String(value)) ? undefined : `must be one of ${words.join(', ')}`;

const matching = (pattern: RegExp, rule: string) => (value: unknown) =>
  pattern.test(String(value)) ? undefined : rule;

const notNegative = (value: unknown): string | undefined =>
  Number(value) >= 0 ? undefined : 'must not be negative';

const absolutePath = matching(/^\//, 'must be an absolute path');

const process: Record<string, Attribute> = {
  command: either(STRING_LIST),
  entrypoint: either(STRING_LIST),
  env: either(STRINGS),
  user: either('string'),
  working_dir: either('string'),
  hostname: either('string'),
  domainname: optional('string'),
  stop_signal: either('string'),
  stop_timeout: either('number'),
  tty: defaulted('bool', false),
  stdin_open: defaulted('bool', false),
  init: either('bool'),
  group_add: optional(STRINGS),
};

const host: Record<string, Attribute> = {
  privileged: optional('bool'),
  read_only: defaulted('bool', false),
  rm: defaulted('bool', false),
  restart: defaulted('string', 'no', {
    inPlace,
    check: oneOf('no', 'on-failure', 'always', 'unless-stopped'),
  }),
  max_retry_count: optional('number', { inPlace, check: notNegative }),
  security_opts: either(STRINGS),
  sysctls: optional(STRING_MAP),
  tmpfs: optional(STRING_MAP),
  log_driver: either('string'),
  log_opts: optional(STRING_MAP),
  runtime: either('string'),
  ipc_mode: either('string'),
  pid_mode: optional('string'),
  cgroupns_mode: optional('string', { check: oneOf('private', 'host') }),
  network_mode: defaulted('string', 'bridge'),
  dns: optional(STRINGS),
  dns_opts: optional(STRINGS),
  dns_search: optional(STRINGS),
};

const resources: Record<string, Attribute> = {
  memory: optional('number', { inPlace, check: notNegative }),
  memory_swap: either('number', {
    inPlace,
    check: (value) => (Number(value) >= -1 ? undefined : 'must be -1 or more'),
  }),
  shm_size: either('number', { check: notNegative }),
  cpu_shares: optional('number', { inPlace, check: notNegative }),
  cpu_set: optional('string', {
    inPlace,
    check: matching(/^\d+([,-]\d+)*$/, 'must be a list of CPUs such as 0-2,5'),
  }),
  cpu_period: optional('number', { inPlace, check: notNegative }),
  cpu_quota: optional('number', { inPlace, check: notNegative }),
};

/** What only this provider reads; none of it is part of the container, so a change touches nothing. */
const lifecycle: Record<string, Attribute> = {
  start: defaulted('bool', true, { inPlace }),
  must_run: defaulted('bool', true, { inPlace }),
  wait: defaulted('bool', false, { inPlace }),
  wait_timeout: defaulted('number', 60, { inPlace, check: notNegative }),
  destroy_grace_seconds: optional('number', { inPlace, check: notNegative }),
  remove_volumes: defaulted('bool', true, { inPlace }),
  container_read_refresh_timeout_milliseconds: defaulted('number', 15000, { inPlace }),
};

const outside: Record<string, Attribute> = {
  attach: refused(
    'bool',
    'Waiting for a container to end is not covered; use must_run = false for a one-shot container.',
  ),
  logs: refused('bool', 'Logs are not kept in the state; read them with docker logs.'),
  cgroup_parent: refused('string', 'The engine chooses the cgroup.'),
  cpus: refused('string', 'Use cpu_shares, cpu_set, or cpu_period with cpu_quota.'),
  gpus: refused('string', 'GPUs are not covered.'),
  publish_all_ports: refused('bool', 'Name each port in a ports block.'),
  storage_opts: refused(STRING_MAP, 'Storage options are not covered.'),
  userns_mode: refused('string', 'User namespaces are not covered.'),
};

const facts: Record<string, Attribute> = {
  id: either('string'),
  bridge: computed('string'),
  container_logs: computed('string'),
  exit_code: computed('number'),
  network_data: computed([
    'list',
    [
      'object',
      {
        gateway: 'string',
        global_ipv6_address: 'string',
        global_ipv6_prefix_length: 'number',
        ip_address: 'string',
        ip_prefix_length: 'number',
        ipv6_gateway: 'string',
        mac_address: 'string',
        network_name: 'string',
      },
    ],
  ]),
};

const mounts: NestedBlock = setOf(
  block(
    {
      target: required('string', { check: absolutePath }),
      type: required('string', { check: oneOf('bind', 'volume', 'tmpfs') }),
      source: optional('string'),
      read_only: optional('bool'),
    },
    {
      bind_options: listOf(
        block({
          propagation: optional('string', {
            check: oneOf('private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'),
          }),
        }),
        { maxItems: 1 },
      ),
      tmpfs_options: listOf(block({ mode: optional('number'), size_bytes: optional('number') }), {
        maxItems: 1,
      }),
      volume_options: listOf(
        block(
          {
            no_copy: optional('bool'),
            driver_name: optional('string'),
            driver_options: optional(STRING_MAP),
            subpath: refused('string', 'Mount the whole volume.'),
          },
          { labels: labelBlock },
        ),
        { maxItems: 1 },
      ),
    },
  ),
);

const duration = defaulted('string', '0s', { check: checkDuration });

const blocks: Record<string, NestedBlock> = {
  capabilities: setOf(block({ add: optional(STRINGS), drop: optional(STRINGS) }), { maxItems: 1 }),
  devices: setOf(
    block({
      host_path: required('string'),
      container_path: optional('string'),
      permissions: defaulted('string', 'rwm'),
    }),
  ),
  healthcheck: listOf(
    block({
      test: required(STRING_LIST),
      interval: duration,
      timeout: duration,
      start_period: duration,
      start_interval: duration,
      retries: defaulted('number', 0, { check: notNegative }),
    }),
    { maxItems: 1 },
  ),
  host: setOf(block({ host: required('string'), ip: required('string') })),
  labels: labelBlock,
  mounts,
  networks_advanced: setOf(
    block({
      name: required('string'),
      aliases: optional(STRINGS),
      ipv4_address: optional('string'),
      ipv6_address: optional('string'),
    }),
  ),
  ports: listOf(
    block({
      internal: required('number'),
      external: either('number'),
      ip: defaulted('string', '0.0.0.0'),
      protocol: defaulted('string', 'tcp', { check: oneOf('tcp', 'udp', 'sctp') }),
    }),
  ),
  ulimit: setOf(block({ name: required('string'), soft: required('number'), hard: required('number') })),
  upload: setOf(
    block({
      file: required('string', { check: absolutePath }),
      content: optional('string'),
      content_base64: optional('string', {
        check: matching(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'must be base64'),
      }),
      source: optional('string'),
      source_hash: optional('string'),
      executable: defaulted('bool', false),
      permissions: optional('string', {
        check: matching(/^0[0-7]{3}$/, 'must be an octal mode such as 0644'),
      }),
    }),
  ),
  volumes: setOf(
    block({
      container_path: optional('string', { check: absolutePath }),
      volume_name: optional('string'),
      host_path: optional('string', { check: absolutePath }),
      read_only: optional('bool'),
      from_container: refused('string', 'Name the volumes one by one.'),
    }),
  ),
};

export const containerSchema: Schema = {
  version: 2,
  block: block(
    {
      name: required('string'),
      image: required('string'),
      ...process,
      ...host,
      ...resources,
      ...lifecycle,
      ...outside,
      ...facts,
    },
    blocks,
  ),
};
