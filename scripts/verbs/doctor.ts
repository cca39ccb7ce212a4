import { examine } from '../doctor/examine.ts';
import { gatherFacts } from '../doctor/gather.ts';
import { diagnosisDocument, diagnosisText } from '../doctor/report.ts';
import { EXIT } from '../errors.ts';
import { stackFolder } from '../stack/home.ts';
import { loadAnyPlan } from '../stack/load.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';

/** What is wrong with a stack, why, and what mends it. Changes nothing. Exit 0: well, 1: something is wrong, 3: no engine. */
export async function doctorVerb(options: CommonOptions): Promise<number> {
  const plan = loadAnyPlan(options.file);
  const { home, reporter } = verbContext(options);
  const facts = await reporter.step(`look at ${plan.name}`, async (step) => {
    const found = await gatherFacts(home, plan, stackFolder(options.file));
    step.outcome(`${found.containers.size} containers, ${found.vitals.size} redis and sentinels answered`);
    return found;
  });
  const diagnosis = examine(facts);
  if (options.json === true) printJson(diagnosisDocument(plan, diagnosis, facts.unseen));
  else process.stdout.write(diagnosisText(diagnosis, facts.unseen));
  if (facts.engine.kind !== 'answers') return EXIT.environment;
  return diagnosis.verdicts.some(({ severity }) => severity === 'wrong') ? EXIT.notSo : EXIT.done;
}
