import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CORE = fileURLToPath(new URL('../../../proxy/core', import.meta.url));

/** Lowest first: what is in one may import from those before it. */
const LAYERS = ['base', 'server', 'routing', 'commands', 'client'];
/** Above all of them. */
const TOP = 'pool.ts';
/** Of the commands: what every family may use. Families do not know one another. */
const SHARED_BY_FAMILIES = /^commands\/(?!dispatch|registry)[^/]+$/;

/** Every file of the core with the files of the core that it imports, types included; paths within the core. */
function importsOfCore(): Map<string, string[]> {
  const files = (readdirSync(CORE, { recursive: true }) as string[]).filter((file) => file.endsWith('.ts'));
  return new Map(
    files.map((file) => {
      const source = readFileSync(path.join(CORE, file), 'utf8');
      const targets = [...source.matchAll(/\bfrom '(\.[^']+)'/g)]
        .map(([, target]) => path.join(path.dirname(file), target))
        .filter((target) => !target.startsWith('..'));
      return [file, targets];
    }),
  );
}

const imports = importsOfCore();
const layerOf = (file: string): number =>
  file === TOP ? LAYERS.length : LAYERS.indexOf(file.split(path.sep)[0]);
const familyOf = (file: string): string | null => /^commands\/([^/]+)\//.exec(file)?.[1] ?? null;

describe('the layers of proxy/core', () => {
  test('every file lies in one', () => {
    assert.ok(imports.size > 40);
    assert.deepEqual(
      [...imports.keys()].filter((file) => layerOf(file) < 0),
      [],
    );
  });

  test('imports only point down', () => {
    const upwards: string[] = [];
    for (const [file, targets] of imports)
      for (const target of targets) if (layerOf(target) > layerOf(file)) upwards.push(`${file} -> ${target}`);
    assert.deepEqual(upwards, []);
  });

  test('no family of commands imports from another, nor from what brings them together', () => {
    const sideways: string[] = [];
    for (const [file, targets] of imports) {
      const family = familyOf(file);
      if (family === null) continue;
      for (const target of targets) {
        if (layerOf(target) !== layerOf(file) || familyOf(target) === family) continue;
        if (!SHARED_BY_FAMILIES.test(target)) sideways.push(`${file} -> ${target}`);
      }
    }
    assert.deepEqual(sideways, []);
  });

  test('there is no circle, types included', () => {
    const done = new Set<string>();
    const visit = (file: string, way: readonly string[]): void => {
      assert.ok(!way.includes(file), `circle: ${[...way.slice(way.indexOf(file)), file].join(' -> ')}`);
      if (done.has(file)) return;
      for (const target of imports.get(file) ?? []) visit(target, [...way, file]);
      done.add(file);
    };
    for (const file of imports.keys()) visit(file, []);
  });
});
