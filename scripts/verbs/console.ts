import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Actions, allowedActions } from '../../console/actions.ts';
import { pageFiles } from '../../console/bundle.ts';
import { bigKeys, slowRequests } from '../../console/inquiries.ts';
import { startConsole } from '../../console/server.ts';
import { StackWatch } from '../../console/stack-watch.ts';
import { EnvironmentError, EXIT, InputError } from '../errors.ts';
import { deployedCredentials } from '../stack/credentials.ts';
import { demandEngines } from '../stack/engines.ts';
import { stackFilePath, stackFolder } from '../stack/home.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

export interface ConsoleVerbOptions extends CommonOptions {
  readonly port: string;
  readonly allowActions?: boolean;
}

/** Serves a page of the running stack until interrupted. */
export async function consoleVerb(options: ConsoleVerbOptions): Promise<number> {
  const port = portOf(options.port);
  const plan = loadAnyPlan(options.file);
  const { home, signal, json } = verbContext(options);
  const credentials = deployedCredentials(home, plan.name);
  const { client: engine } = await demandEngines(plan, stackFolder(options.file));
  const actions = options.allowActions === true ? allowedActions(plan) : [];
  const watch = new StackWatch({ plan, credentials, engine, home, actions });
  const stop = new AbortController();
  signal.addEventListener('abort', () => stop.abort());
  const program = {
    file: process.execPath,
    arguments: [...process.execArgv, process.argv[1]],
    stackFile: stackFilePath(options.file),
  };
  const doing = new Actions(
    program,
    actions,
    (body) => {
      watch.board.tell({ kind: 'action', body });
      if (body.exitCode !== undefined) {
        const what = `${body.action} ended with ${body.exitCode}`;
        watch.history.note({
          at: Date.now(),
          subject: 'console',
          what,
          tone: body.exitCode === 0 ? 'good' : 'bad',
        });
      }
    },
    stop.signal,
  );
  const running = await serve(port, {
    feed: watch.board,
    shards: plan.shards.map(({ name }) => name),
    page: await pageFiles(),
    desk: {
      slowRequests: (shard) =>
        slowRequests(plan.shards.find(({ name }) => name === shard)?.members ?? [], credentials),
      bigKeys: (shard) => bigKeys(plan, shard, credentials),
      begin: (action) => doing.begin(action),
    },
  });
  if (json) printJson({ stack: plan.name, port: running.port, link: running.link(), actions });
  else process.stdout.write(invitation(plan.name, running.link(), actions.length > 0));
  const more = moreLinks(json, () => process.stdout.write(`  ${running.link()}\n`));
  try {
    await watch.run(stop.signal);
  } finally {
    more();
    stop.abort();
    await Promise.race([running.end(), delay(2000)]);
  }
  return EXIT.done;
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535 && text.trim() !== '') return port;
  throw new InputError(`--port ${text} is no port`, { remedy: 'name one from 1 to 65535, or 0 for any' });
}

async function serve(
  port: number,
  options: Omit<Parameters<typeof startConsole>[0], 'port'>,
): ReturnType<typeof startConsole> {
  try {
    return await startConsole({ ...options, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new EnvironmentError(`port ${port} of 127.0.0.1 is taken`, {
      where: `127.0.0.1:${port}`,
      remedy: 'name another with --port, or leave it out: any free one is taken',
    });
  }
}

const invitation = (stack: string, link: string, acts: boolean): string =>
  [
    `The console of ${stack}${acts ? ', with actions' : ''}; this link is good once:`,
    `  ${link}`,
    process.stdin.isTTY ? 'Enter prints another one; Ctrl-C ends it.' : 'Ctrl-C ends it.',
    '',
  ].join('\n');

/** Prints another link on Enter. @returns the way to end that */
function moreLinks(json: boolean, print: () => void): () => void {
  if (json || !process.stdin.isTTY) return () => undefined;
  const lines = createInterface({ input: process.stdin });
  lines.on('line', print);
  return () => lines.close();
}
