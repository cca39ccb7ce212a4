/** The providers the suite runs on: the bundled one always, the real one when a mirror that holds it is named. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundleProvider } from '../../../provider/bundle.ts';
import { DIFFERENCES, type Difference } from '../differences.ts';

/** Names a plugin mirror with kreuzwerker/docker 4.5.0, as for `twemstack prepare`. */
const MIRROR_VARIABLE = 'TWEMSTACK_PROVIDER_MIRROR';
/** Spelled in parts: registries' host names stand nowhere in this repository. */
const REAL_HOST = ['registry', 'terraform', 'io'].join('.');
const REAL_SOURCE = 'kreuzwerker/docker';
const VERSION = '4.5.0';

export interface ProviderUnderTest {
  readonly name: 'bundled' | 'real';
  readonly source: string;
  readonly version: string;
  readonly mirror: string;
  /** Picks what to expect where the two must differ; the row in differences.ts says why. */
  differs<Expected>(difference: Difference, expected: { bundled: Expected; real: Expected }): Expected;
}

/** @param folder for the bundled provider's mirror. @throws when the named mirror does not hold the real provider */
export async function providersUnderTest(folder: string): Promise<ProviderUnderTest[]> {
  const { source, version } = await bundleProvider(folder);
  const bundled = describe('bundled', source, version, folder);
  const named = process.env[MIRROR_VARIABLE];
  if (!named) {
    return [bundled];
  }
  const mirror = resolve(named);
  if (!existsSync(join(mirror, REAL_HOST, REAL_SOURCE, VERSION))) {
    throw new Error(`${MIRROR_VARIABLE}=${named} does not hold ${REAL_SOURCE} ${VERSION}`);
  }
  return [bundled, describe('real', REAL_SOURCE, VERSION, mirror)];
}

function describe(
  name: ProviderUnderTest['name'],
  source: string,
  version: string,
  mirror: string,
): ProviderUnderTest {
  return {
    name,
    source,
    version,
    mirror,
    differs: (difference, expected) => {
      if (!(difference in DIFFERENCES)) {
        throw new Error(`no such difference: ${difference}`);
      }
      return expected[name];
    },
  };
}
