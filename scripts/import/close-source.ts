import { type SourceClient, SourceRefusal } from './source-client.ts';

/** More replicas than anybody has: with this many demanded a Redis takes no writes (NOREPLICAS). */
const NEVER = 2_147_483_647;
/** Without a limit on their lag they are not demanded at all. */
const SOME_LAG = 10;

/** A source that takes no more writes. */
export interface ClosedSource {
  readonly source: string;
  /** What opens it again, as a command for redis-cli. */
  readonly reopen: string;
  /** Does that. */
  open(): Promise<void>;
}

/** Whether the source lets itself be closed; an answer in words when it does not. */
export async function whyNotClosable(client: SourceClient): Promise<string | undefined> {
  try {
    const lag = await settingOf(client, 'min-replicas-max-lag');
    await client.call('CONFIG', 'SET', 'min-replicas-max-lag', lag);
    return undefined;
  } catch (error) {
    if (!(error instanceof SourceRefusal)) throw error;
    return error.reply;
  }
}

/** Makes a source refuse writes, until it is opened or started anew. Whoever writes gets an error, and nothing is carried out. */
export async function closeSource(client: SourceClient): Promise<ClosedSource> {
  const found = await settingOf(client, 'min-replicas-to-write');
  // Closed by an import that was killed.
  const before = found === String(NEVER) ? '0' : found;
  const lag = await settingOf(client, 'min-replicas-max-lag');
  if (lag === '0') await client.call('CONFIG', 'SET', 'min-replicas-max-lag', SOME_LAG);
  await client.call('CONFIG', 'SET', 'min-replicas-to-write', NEVER);
  return {
    source: client.at.name,
    reopen: `CONFIG SET min-replicas-to-write ${before}`,
    async open() {
      await client.call('CONFIG', 'SET', 'min-replicas-to-write', before);
      if (lag === '0') await client.call('CONFIG', 'SET', 'min-replicas-max-lag', lag);
    },
  };
}

async function settingOf(client: SourceClient, name: string): Promise<string> {
  const [, value] = (await client.call('CONFIG', 'GET', name)) as (string | undefined)[];
  if (value === undefined)
    throw new SourceRefusal(client.at, new Error(`CONFIG GET ${name} answers nothing`));
  return value;
}

/**
 * Has writers wait, for so many milliseconds at the most: they get no error.
 *
 * @returns whether they do; before 6.2, or when it is not allowed, only closing the source stops them
 */
export async function pauseWriters(client: SourceClient, ms: number): Promise<boolean> {
  try {
    await client.call('CLIENT', 'PAUSE', ms, 'WRITE');
    return true;
  } catch (error) {
    onlyRefusals(error as Error);
    return false;
  }
}

export async function unpauseWriters(client: SourceClient): Promise<void> {
  await client.call('CLIENT', 'UNPAUSE').catch(onlyRefusals);
}

function onlyRefusals(error: Error): void {
  if (!(error instanceof SourceRefusal)) throw error;
}
