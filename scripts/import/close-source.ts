import { type SourceClient, SourceRefusal } from './source-client.ts';

export const SETTING = 'min-replicas-to-write';
/** More replicas than anybody has: with this many demanded a Redis takes no writes (NOREPLICAS). */
export const NEVER = 2_147_483_647;
export const LAG_SETTING = 'min-replicas-max-lag';
/** Without a limit on their lag they are not demanded at all. */
export const SOME_LAG = 10;

/** From then on Redis asks again at EXEC what it asked when a write was queued (processCommand). */
const ASKS_AT_EXEC = '6.0.6';

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
    await client.call('CONFIG', 'SET', LAG_SETTING, await client.setting(LAG_SETTING));
    return undefined;
  } catch (error) {
    if (!(error instanceof SourceRefusal)) throw error;
    return error.reply;
  }
}

/** Makes a source refuse writes, until it is opened or started anew. Whoever writes gets an error, and nothing is carried out. */
export async function closeSource(client: SourceClient): Promise<ClosedSource> {
  const found = await client.setting(SETTING);
  // Closed by an import that was killed.
  const before = found === String(NEVER) ? '0' : found;
  const lag = await client.setting(LAG_SETTING);
  if (lag === '0') await client.call('CONFIG', 'SET', LAG_SETTING, SOME_LAG);
  const open = async (): Promise<void> => {
    await client.call('CONFIG', 'SET', SETTING, before);
    if (lag === '0') await client.call('CONFIG', 'SET', LAG_SETTING, lag);
  };
  await client.call('CONFIG', 'SET', SETTING, NEVER);
  try {
    await endOpenTransactions(client);
  } catch (error) {
    await open();
    throw error;
  }
  return { source: client.at.name, reopen: `CONFIG SET ${SETTING} ${before}`, open };
}

/** Ends connections that would still carry out what they queued before the source was closed: their clients get no answer to EXEC. */
async function endOpenTransactions(client: SourceClient): Promise<void> {
  if (!client.isBefore(ASKS_AT_EXEC)) return;
  const clients = String(await client.call('CLIENT', 'LIST'));
  for (const [, id] of clients.matchAll(/^id=(\d+) .* multi=[1-9]/gm)) {
    // One that has just gone by itself cannot be ended.
    await client.call('CLIENT', 'KILL', 'ID', id);
  }
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
