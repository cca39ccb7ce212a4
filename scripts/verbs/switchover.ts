import { dockerClient } from '../docker-client.ts';
import { EXIT } from '../errors.ts';
import { deployedCredentials } from '../stack/credentials.ts';
import { loadPlan } from '../stack/load.ts';
import { switchOver } from '../switchover/switchover.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

/** Moves the master of a shard on purpose; refused, with the reason, when that would not be safe. */
export async function switchoverVerb(
  options: CommonOptions & { readonly to?: string },
  shard: string,
): Promise<number> {
  const plan = loadPlan(options.file);
  const { home, reporter, signal } = verbContext(options);
  const credentials = deployedCredentials(home, plan.name);
  const engine = await dockerClient();
  const result = await reporter.step(`switchover ${shard}`, async (step) => {
    const done = await switchOver({
      plan,
      credentials,
      engine,
      shard,
      to: options.to,
      signal,
      progress: step.progress,
    });
    step.outcome(`${done.from} -> ${done.to}, writes waited ${done.announcedAfter} ms`);
    return done;
  });
  const { pausedAt: _own, ...document } = result;
  if (options.json === true) printJson(document);
  else process.stdout.write(`${result.to} is the master of ${shard} now, ${result.from} follows it\n`);
  return EXIT.done;
}
