import { EXIT, NotSoError } from '../errors.ts';
import { table } from '../report/table.ts';
import { deployedCredentials } from '../stack/credentials.ts';
import { demandEngines } from '../stack/engines.ts';
import { stackFolder } from '../stack/home.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { describeReached, forceMaster, lookAround } from '../switchover/force.ts';
import { switchOver } from '../switchover/switchover.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

/** Moves the master of a shard on purpose; refused, with the reason, when that would not be safe. */
export async function switchoverVerb(
  options: CommonOptions & { readonly to?: string; readonly force?: boolean; readonly yes?: boolean },
  shard: string,
): Promise<number> {
  if (options.force === true) return await forceVerb(options, shard);
  const plan = loadAnyPlan(options.file);
  const { home, reporter, signal } = verbContext(options);
  const credentials = deployedCredentials(home, plan.name);
  const { client: engine } = await demandEngines(plan, stackFolder(options.file));
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

/** A person's decision when a shard waits for members that will not come back. */
async function forceVerb(
  options: CommonOptions & { readonly to?: string; readonly yes?: boolean },
  shard: string,
): Promise<number> {
  const plan = loadAnyPlan(options.file);
  const { home, reporter } = verbContext(options);
  const credentials = deployedCredentials(home, plan.name);
  const reached = await lookAround(plan, credentials, shard);
  process.stderr.write(table(['member', 'role', 'term', 'offset', ''], describeReached(reached)));
  if (options.yes !== true) {
    throw new NotSoError(`what only members out of reach have acknowledged would be lost from ${shard}`, {
      where: shard,
      remedy: 'nothing was changed; with --yes as well, the member that has most becomes master',
    });
  }
  const master = await reporter.step(`force ${shard}`, () =>
    forceMaster(plan, credentials, reached, options.to),
  );
  if (options.json === true) printJson({ shard, to: master, forced: true });
  else
    process.stdout.write(
      `${master} is the master of ${shard} now; the sentinels name it within some seconds\n`,
    );
  return EXIT.done;
}
