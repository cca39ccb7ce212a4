/** The attributes of docker_image. */
import {
  block,
  computed,
  defaulted,
  listOf,
  optional,
  refused,
  required,
  type Schema,
  setOf,
  type TypeSpec,
} from '../protocol/schema.ts';

const STRING_LIST: TypeSpec = ['list', 'string'];
const STRING_MAP: TypeSpec = ['map', 'string'];

const CLASSIC = 'Images are built with the engine’s classic builder, which does not have it.';
const RESOURCES = 'Build steps run without limits of their own.';

const build = block(
  {
    context: required('string'),
    dockerfile: defaulted('string', 'Dockerfile'),
    build_args: optional(STRING_MAP),
    label: optional(STRING_MAP),
    labels: optional(STRING_MAP),
    target: optional('string'),
    tag: optional(STRING_LIST),
    no_cache: optional('bool'),
    pull_parent: optional('bool'),
    remove: defaulted('bool', true),
    force_remove: optional('bool'),
    network_mode: optional('string'),
    extra_hosts: optional(STRING_LIST),
    shm_size: optional('number'),
    build_id: refused('string', CLASSIC),
    build_log_file: refused('string', 'A failing build shows its last lines in the error.'),
    builder: refused('string', CLASSIC),
    cache_from: refused(STRING_LIST, 'The engine’s own layer cache is used.'),
    cgroup_parent: refused('string', RESOURCES),
    cpu_period: refused('number', RESOURCES),
    cpu_quota: refused('number', RESOURCES),
    cpu_set_cpus: refused('string', RESOURCES),
    cpu_set_mems: refused('string', RESOURCES),
    cpu_shares: refused('number', RESOURCES),
    isolation: refused('string', 'It concerns Windows only.'),
    memory: refused('number', RESOURCES),
    memory_swap: refused('number', RESOURCES),
    platform: refused('string', 'Images are built for the engine’s own platform.'),
    remote_context: refused('string', 'Contexts are folders on this machine.'),
    security_opt: refused(STRING_LIST, CLASSIC),
    session_id: refused('string', CLASSIC),
    squash: refused('bool', CLASSIC),
    suppress_output: refused('bool', 'Output is shown only when the build fails.'),
    version: refused('string', CLASSIC),
  },
  {
    auth_config: listOf(
      block({
        auth: optional('string'),
        email: optional('string'),
        host_name: required('string'),
        identity_token: optional('string'),
        password: optional('string'),
        registry_token: optional('string'),
        server_address: optional('string'),
        user_name: optional('string'),
      }),
      { refused: 'Registries that need a login are not covered.' },
    ),
    secrets: listOf(block({ env: optional('string'), id: required('string'), src: optional('string') }), {
      refused: CLASSIC,
    }),
    ulimit: listOf(block({ hard: required('number'), name: required('string'), soft: required('number') }), {
      refused: RESOURCES,
    }),
  },
);

export const imageSchema: Schema = {
  version: 0,
  block: block(
    {
      id: computed('string'),
      name: required('string'),
      image_id: computed('string'),
      repo_digest: computed('string'),
      keep_locally: optional('bool', { inPlace: true }),
      force_remove: optional('bool', { inPlace: true }),
      pull_triggers: optional(['set', 'string']),
      triggers: optional(STRING_MAP),
      platform: refused('string', 'Images are those of the engine’s own platform.'),
    },
    {
      build: setOf(build, { maxItems: 1 }),
      timeouts: {
        nesting: 'single',
        block: block({ create: optional('string'), delete: optional('string'), update: optional('string') }),
        refused: 'Builds and pulls take the time they need; Ctrl-C stops them.',
      },
    },
  ),
};
