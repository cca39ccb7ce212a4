import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { everyMetric } from '../../support/every-metric.ts';
import { closeScenes } from '../../support/memory-scene.ts';

afterEach(closeScenes);

test('docs/monitoring.md has a row for each figure of a proxy, as the proxy itself describes it', async () => {
  const text = await everyMetric();
  const told = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \1 (\w+)$/gm)].map(([, name, help, type]) => {
    const [, labels = ''] = new RegExp(`^${name}(?:_bucket)?\\{(.*)\\} `, 'm').exec(text) ?? [];
    return [name, type, [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label).join(', '), help];
  });
  assert.ok(told.length > 30);
  const page = readFileSync('docs/monitoring.md', 'utf8');
  const rows = [...page.matchAll(/^\| `(nutcracker_\w+)` \| (\w+) \| ([^|]*?) ?\| (.*) \|$/gm)];
  assert.deepEqual(
    rows.map(([, ...cells]) => cells),
    told,
  );
});
