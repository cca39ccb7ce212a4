/** package.json of the package that people install, which is not the checkout's. */

interface Dependencies {
  readonly [name: string]: string;
}

/** Of the checkout's package.json, what goes into the package's. */
export interface CheckoutManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly engines: Dependencies;
  readonly dependencies: Dependencies;
  readonly peerDependencies: Dependencies;
}

/** What can be imported → its file, without an extension. */
export const EXPORTS = {
  '.': 'lib/scripts/library',
  './plan': 'lib/topology/index',
  './nutcracker-yml': 'lib/proxy/config/nutcracker-yml',
} as const;

/** What is packed besides package.json, README and LICENSE. */
const FILES = ['lib', 'docs', 'examples', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];

export const BIN = {
  twemstack: 'lib/scripts/twemstack.mjs',
  nutcracker: 'lib/scripts/nutcracker.mjs',
} as const;

/**
 * The commands stand in `bin` here and not in the checkout's: there npx would install the checkout first, into a cache of its own.
 */
export function packageManifest(checkout: CheckoutManifest): object {
  const { name, version, description, license, engines, dependencies, peerDependencies } = checkout;
  const exported = Object.entries(EXPORTS).map(([key, file]) => [
    key,
    { types: `./${file}.d.ts`, default: `./${file}.js` },
  ]);
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    engines,
    files: FILES,
    bin: BIN,
    exports: { ...Object.fromEntries(exported), './package.json': './package.json' },
    dependencies,
    peerDependencies,
  };
}
