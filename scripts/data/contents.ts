import type Docker from 'dockerode';
import { SEED_DIR } from '../../sentinel/paths.ts';
import { INSTANCE_LABEL, OWNER_LABEL } from '../../stacks/owner-label.ts';
import { dataVolume } from '../../stacks/volume-names.ts';
import { UNPRIVILEGED } from '../../topology/container-options.ts';
import type { Credentials, Member } from '../../topology/types.ts';
import { type ContainerState, execInContainer, lastLogLines, readFileIn } from '../observe/engine.ts';
import { type RedisAddress, type RedisLogin, withRedis } from '../observe/redis-call.ts';

/** What a data volume holds. What could not be found out is undefined. */
export interface Contents {
  readonly volume: string;
  /** Of all files. */
  readonly bytes?: number;
  /** When a file of the data was last written to; milliseconds since 1970. */
  readonly lastWritten?: number;
  /** Keys in all databases; undefined of a sentinel's, which holds none. */
  readonly keys?: number;
  /** Keys by database; where a database is left out, none. */
  readonly keysIn?: ReadonlyMap<number, number>;
}

export interface ContentsOptions {
  readonly engine: Docker;
  readonly stack: string;
  /** Of the deployment; undefined when nothing was deployed from here. */
  readonly instance: string | undefined;
  /** undefined: they are lost, so no member says how many keys it has. */
  readonly credentials: Credentials | undefined;
  readonly containers: ReadonlyMap<string, ContainerState>;
  /** Of the plan. */
  readonly members?: readonly Member[];
  /** Only what running members say: the others are not looked into. */
  readonly hasty?: boolean;
}

const LOOK_MS = 60_000;
/** Of what is printed there: as many as there are databases, and a few. */
const MOST_LINES = 100;
/** Keys of a member that does not run are counted by loading a copy of its data, which takes as much memory. */
const COUNTED_BYTES = 256 * 1024 * 1024;

/** Prints `bytes N` and `written SECONDS`. The live configuration is written at each start; it is no data. */
const MEASURE = `dir=/data/store; [[ -d $dir ]] || dir=/data
echo "bytes $(du -sb /data | cut -f1)"
written=$(find "$dir" -type f -printf '%T@\\n' | sort -n | tail -1)
echo "written \${written:-0}"`;

/** Prints `dbN:keys=…`, a line for each database, besides, and `counted`: a redis-server without a network loads a copy of the data. */
const COUNT = `${MEASURE}
[[ -d /data/store/appendonlydir ]] && (($(du -sb /data/store | cut -f1) <= $1)) || exit 0
mkdir /tmp/copy && cp -a /data/store/appendonlydir /tmp/copy/
cd /tmp/copy
redis-server --port 0 --unixsocket /tmp/redis --dir /tmp/copy --appendonly yes --save '' >/dev/null 2>&1 &
until redis-cli -s /tmp/redis INFO persistence 2>/dev/null | grep -q '^loading:0'; do
  kill -0 $! 2>/dev/null || exit 0
  sleep 0.1
done
keyspace=$(redis-cli -s /tmp/redis INFO keyspace)
[[ $keyspace == *'# Keyspace'* ]] && printf '%s\\ncounted\\n' "$keyspace"
kill $!`;

/** Looks into data volumes: through the member when it runs, else with a container of its own that cannot write there. */
export async function contentsOf(volumes: readonly string[], options: ContentsOptions): Promise<Contents[]> {
  const found: Contents[] = [];
  // One after the other: each may take memory like a member.
  for (const volume of volumes) found.push(await look(volume, options));
  return found;
}

async function look(volume: string, options: ContentsOptions): Promise<Contents> {
  const { engine, containers } = options;
  const member = [...containers.values()].find(({ name }) => dataVolume(name) === volume);
  try {
    if (member?.status !== 'running' && options.hasty === true) return { volume };
    if (member?.status !== 'running') return parse(volume, await lookFromAside(volume, options));
    const text = await execInContainer(engine, member.name, ['bash', '-c', MEASURE], LOOK_MS);
    return {
      ...parse(volume, text),
      ...(member.role === 'redis' ? counted(await keyspaceOf(member.name, options)) : {}),
    };
  } catch {
    return { volume };
  }
}

/** What a running redis says itself; undefined when it does not answer. */
async function keyspaceOf(
  name: string,
  { engine, credentials, members = [] }: ContentsOptions,
): Promise<string | undefined> {
  const login = { username: 'operator', password: credentials?.operator };
  const member = members.find((each) => each.name === name);
  if (member?.role === 'redis') return await keyspaceAt(member, login);
  // Of one that the plan has no longer, or has elsewhere, its own files know.
  const place = placeIn(await readFileIn(engine, name, `${SEED_DIR}/facts.env`));
  return place === undefined ? undefined : await keyspaceAt(place, login);
}

/** Where a member listens, by the facts that it was started with; undefined of what is no redis and no sentinel. */
export function placeIn(facts = ''): RedisAddress | undefined {
  const [, address] = /^address='([^']+)'$/m.exec(facts) ?? [];
  const [, port] = /^port='(\d+)'$/m.exec(facts) ?? [];
  return address === undefined || port === undefined ? undefined : { address, port: Number(port) };
}

const keyspaceAt = (at: RedisAddress, login: RedisLogin): Promise<string | undefined> =>
  withRedis(at, login, (redis) => redis.info('keyspace')).catch(() => undefined);

/** The keys in the databases that INFO names. */
export function counted(keyspace: string | undefined): Pick<Contents, 'keys' | 'keysIn'> {
  if (keyspace === undefined) return {};
  const found = [...keyspace.matchAll(/^db(\d+):keys=(\d+)/gm)];
  const keysIn = new Map(found.map(([, database, keys]) => [Number(database), Number(keys)]));
  return { keys: [...keysIn.values()].reduce((sum, keys) => sum + keys, 0), keysIn };
}

async function lookFromAside(volume: string, { engine, stack, instance }: ContentsOptions): Promise<string> {
  const image = await redisImage(engine);
  const container = await engine.createContainer({
    Image: image,
    // The owner of the data.
    User: UNPRIVILEGED,
    Entrypoint: ['bash', '-c', COUNT, 'look', String(COUNTED_BYTES)],
    Cmd: [],
    // Should this process die, the next `up` finds it by its label.
    Labels: { [OWNER_LABEL]: stack, ...(instance === undefined ? {} : { [INSTANCE_LABEL]: instance }) },
    HostConfig: {
      NetworkMode: 'none',
      Mounts: [{ Type: 'volume', Source: volume, Target: '/data', ReadOnly: true }],
      CapDrop: ['ALL'],
    },
  });
  try {
    await container.start();
    const timer = setTimeout(() => void container.kill().catch(() => undefined), LOOK_MS);
    await container.wait();
    clearTimeout(timer);
    return (await lastLogLines(engine, container.id, MOST_LINES)).join('\n');
  } finally {
    await container.remove({ force: true });
  }
}

/** An image of the stacks' redis members that is on the engine. @throws Error when there is none */
export async function redisImage(engine: Docker, abortSignal?: AbortSignal): Promise<string> {
  const options: Docker.ListImagesOptions & { abortSignal?: AbortSignal } = { abortSignal };
  const tags = (await engine.listImages(options)).flatMap(({ RepoTags }) => RepoTags ?? []);
  const found = tags.find((tag) => tag.startsWith('twemstack/redis:'));
  if (found === undefined) throw new Error('no image to look with');
  return found;
}

function parse(volume: string, text: string): Contents {
  const value = (name: string): number | undefined => {
    const [, number] = new RegExp(`^${name} ([0-9.]+)$`, 'm').exec(text) ?? [];
    return number === undefined ? undefined : Number(number);
  };
  const written = value('written');
  return {
    volume,
    bytes: value('bytes'),
    lastWritten: written === undefined || written === 0 ? undefined : Math.round(written * 1000),
    ...counted(/^counted$/m.test(text) ? text : undefined),
  };
}
