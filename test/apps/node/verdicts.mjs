import { setTimeout as sleep } from 'node:timers/promises';

/*
 * What every program here is started with: the port of a pool and how to name its keys ("" = the library's own way).
 * It prints one JSON document of verdicts, or {"error": "…"} with what a user of the library would have been told.
 */
const [port, naming] = process.argv.slice(2);
export const host = '127.0.0.1';

/** Asks until it is so; what a user would wait for has half a minute. */
export async function until(what, condition, milliseconds = 30_000) {
  const ends = Date.now() + milliseconds;
  while (Date.now() < ends) {
    const value = await condition();
    if (value) return value;
    await sleep(20);
  }
  throw new Error(`waited ${milliseconds} ms for ${what}`);
}

/** Waits for a promise that a library might never settle. */
export async function within(what, promise, milliseconds = 30_000) {
  const timer = new AbortController();
  const late = sleep(milliseconds, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`waited ${milliseconds} ms for ${what}`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

function messageOf(error) {
  const causes = [error, ...(error?.errors ?? []), error?.cause].filter(Boolean);
  return causes.map((cause) => cause.message ?? String(cause)).join('; ');
}

/**
 * Runs a program and ends the process: libraries leave sockets and timers behind.
 * @param unhandled errors that its library leaves to nobody, and that its user must have a handler for
 */
export async function run(program, unhandled = /$^/) {
  let verdicts;
  process.on('unhandledRejection', (error) => {
    if (!unhandled.test(messageOf(error))) finish({ error: `unhandled: ${messageOf(error)}` });
  });
  try {
    verdicts = await program(Number(port), naming === '' ? undefined : naming);
  } catch (error) {
    verdicts = { error: messageOf(error) };
  }
  finish(verdicts);
}

function finish(verdicts) {
  process.stdout.write(`${JSON.stringify(verdicts)}\n`, () => process.exit(0));
}
