import { randomBytes } from 'node:crypto';
import { LAG_SETTING, NEVER, SETTING, SOME_LAG } from './close-source.ts';
import { type SourceClient, SourceRefusal } from './source-client.ts';

/**
 * From then on Redis refuses what a script writes to a closed source, in all of its versions; before, those from 6.0.17 and from 6.2.7
 * (luaRedisGenericCommand). Debian 11 and Ubuntu 22.04 have 6.0.16.
 */
const REFUSES_SCRIPTS = '7.0.0';
const SCRIPTS = ['eval', 'evalsha'];

/**
 * Whether scripts would go on writing to the source when it is closed: when some were called since it was started, it is tried whether it
 * refuses one. That takes one transaction, at whose end it is open as before; nobody else is refused anything, and nothing is written.
 *
 * @returns what would happen, in words; undefined = no script writes
 */
export async function scriptsThatGoOn(client: SourceClient): Promise<string | undefined> {
  if (!client.isBefore(REFUSES_SCRIPTS)) return undefined;
  const calls = await scriptCalls(client);
  if (calls === 0) return undefined;
  const answer = await tryScript(client);
  if (answer instanceof Error && /NOREPLICAS/.test(answer.message)) return undefined;
  const seen = `scripts were called since it was started (EVAL, EVALSHA: ${calls})`;
  if (!(answer instanceof Error))
    return `Redis ${client.version} carries out what scripts write even then, and ${seen}`;
  return `${seen}, and this user may not try whether it refuses what they write: ${answer.message}`;
}

async function scriptCalls(client: SourceClient): Promise<number> {
  const statistics = await client.info('commandstats');
  return SCRIPTS.reduce((sum, name) => {
    const calls = /calls=(\d+)/.exec(statistics.get(`cmdstat_${name}`) ?? '')?.[1];
    return sum + Number(calls ?? 0);
  }, 0);
}

/** @returns what a script that removes a key, which is not there, is answered by the source while it is closed */
async function tryScript(client: SourceClient): Promise<unknown> {
  const before = await Promise.all([SETTING, LAG_SETTING].map((name) => client.setting(name)));
  const key = `twemstack:${randomBytes(16).toString('hex')}`;
  try {
    const answers = await client.use((redis) =>
      redis
        .multi()
        .config('SET', LAG_SETTING, SOME_LAG)
        .config('SET', SETTING, NEVER)
        .eval("return redis.call('DEL', KEYS[1])", 1, key)
        .config('SET', SETTING, before[0])
        .config('SET', LAG_SETTING, before[1])
        .exec(),
    );
    const [error, answer] = answers?.[2] ?? [null, null];
    return error ?? answer;
  } catch (error) {
    if (!(error instanceof SourceRefusal)) throw error;
    return new Error(reasonOf(error));
  }
}

/** A transaction that was not begun names its first command that was refused. */
function reasonOf({ cause, reply }: SourceRefusal): string {
  const { previousErrors } = cause as Error & { readonly previousErrors?: readonly Error[] };
  return previousErrors?.[0]?.message ?? reply;
}
