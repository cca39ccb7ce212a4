/** The four resource types, driven by a real terraform against a real Docker engine, on every provider at hand. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import type Docker from 'dockerode';
import { changeCases } from './cases/changes.ts';
import { createCases } from './cases/create.ts';
import { driftCases } from './cases/drift.ts';
import { errorCases } from './cases/errors.ts';
import { healthCases } from './cases/health.ts';
import { imageCases } from './cases/image.ts';
import { interruptCases } from './cases/interrupt.ts';
import { optionCases } from './cases/options.ts';
import { takeoverCases } from './cases/takeover.ts';
import { providersUnderTest } from './support/provider-under-test.ts';
import type { SuiteOf } from './support/suite.ts';
import { openEngine, type SuiteEngine } from './support/suite-engine.ts';
import { importTestImage } from './support/test-image.ts';

const CASES = [
  createCases,
  changeCases,
  driftCases,
  healthCases,
  interruptCases,
  imageCases,
  optionCases,
  errorCases,
];

const folder = mkdtempSync(join(tmpdir(), 'tw-provider-mirror-'));
const providers = await providersUnderTest(folder);
let engine: SuiteEngine | undefined;

before(async () => {
  engine = await openEngine();
  await importTestImage(engine.docker);
});

after(async () => {
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const suites = providers.map(
  (provider): SuiteOf =>
    () => ({
      provider,
      // Only the names are asked for before the engine runs.
      dockerHost: engine?.dockerHost ?? '',
      docker: engine?.docker as Docker,
      device: engine?.device ?? '',
    }),
);

for (const suite of suites) {
  const { provider } = suite();
  describe(`the ${provider.name} provider (${provider.source} ${provider.version})`, () => {
    for (const register of CASES) {
      register(suite);
    }
  });
}

if (suites.length === 2) {
  const [bundled, real] = suites;
  takeoverCases(real, bundled);
  takeoverCases(bundled, real);
}
