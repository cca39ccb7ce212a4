import { type Consent, demandConsent } from '../data/consent.ts';
import type { Contents } from '../data/contents.ts';
import { type DataEdit, findDataEdit } from '../data/data-edit.ts';
import type { Deployment } from '../rollout/deployment.ts';

/** Options of the verbs that may do something to data. */
export interface DataOptions {
  readonly removeData?: readonly string[];
  readonly movesKeys?: boolean;
}

export const consentOf = ({ removeData = [], movesKeys = false }: DataOptions): Consent => ({
  removeData,
  movesKeys,
});

/** What a stack file would do to data that is there, as a step that is shown. */
export async function lookAtData(deployment: Deployment): Promise<DataEdit> {
  const { home, plan, credentials, engine, reporter } = deployment;
  const edit = await reporter.step('data', async (step) => {
    const found = await findDataEdit({ home, plan, credentials, engine, step });
    const parts = [
      found.surplus.length > 0 ? `${found.surplus.length} volumes without a place in stack.yaml` : undefined,
      found.moves.length > 0 ? `keys of ${found.moves.length} pools change their shard` : undefined,
      found.outOfReach.length > 0
        ? `keys in ${found.outOfReach.length} databases would be out of reach`
        : undefined,
    ].filter((part) => part !== undefined);
    step.outcome(parts.join(', ') || 'all of it stays where it is');
    return found;
  });
  for (const note of edit.notes) reporter.note(`note: ${note}`);
  return edit;
}

/** The data that may go. @throws InputError when it would do something that nobody has agreed to */
export async function settleData(deployment: Deployment, consent: Consent): Promise<readonly Contents[]> {
  return demandConsent(deployment.plan, await lookAtData(deployment), consent);
}
