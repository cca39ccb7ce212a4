/** One line of a redis or sentinel configuration: its first word, and the rest without quotes. */
export interface Directive {
  readonly name: string;
  readonly value: string;
}

/** The lines of a configuration that say something. */
export function directivesOf(configuration: string): Directive[] {
  return configuration
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name] = line.split(' ', 1);
      return { name, value: line.slice(name.length).trim().replace(/^""$/, '') };
    });
}

/** What of redis.conf CONFIG SET does not take (redis 7.0): a redis must be started anew for it. */
const REDIS_FIXED = new Set(['bind', 'bind-source-addr', 'port', 'daemonize', 'logfile', 'dir', 'aclfile']);
/** What every redis goes by from its start on, also one that was started without a word about it: nothing has to be done for it. */
const REDIS_AS_EVER = new Set(['databases']);

/** What of sentinel.conf SENTINEL SET and SENTINEL CONFIG SET do take, second word of a `sentinel` line. */
const SENTINEL_SETTABLE = new Set([
  'monitor',
  'sentinel-user',
  'sentinel-pass',
  'auth-user',
  'auth-pass',
  'down-after-milliseconds',
  'failover-timeout',
  'parallel-syncs',
]);

/** Settings of a redis.conf that a running redis takes over. */
export const settableOf = (configuration: string): Directive[] =>
  directivesOf(configuration).filter(({ name }) => !REDIS_FIXED.has(name) && !REDIS_AS_EVER.has(name));

/** The part of redis.conf that only a start puts in force. */
export const fixedOfRedis = (configuration: string): string =>
  format(directivesOf(configuration).filter(({ name }) => REDIS_FIXED.has(name)));

/** The part of sentinel.conf that only a start puts in force. */
export const fixedOfSentinel = (configuration: string): string =>
  format(
    directivesOf(configuration).filter(
      ({ name, value }) => name !== 'sentinel' || !SENTINEL_SETTABLE.has(value.split(' ')[0]),
    ),
  );

const format = (directives: readonly Directive[]): string =>
  directives.map(({ name, value }) => `${name} ${value}\n`).join('');
