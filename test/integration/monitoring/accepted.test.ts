import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { alertsOf } from '../../../monitoring/alerts.ts';
import { CHARTS } from '../../../monitoring/dashboard.ts';
import { yaml } from '../../../monitoring/prometheus-yml.ts';
import { renderMembers } from '../../../scripts/render/member-files.ts';
import { everyMetric } from '../../support/every-metric.ts';
import { closeScenes } from '../../support/memory-scene.ts';
import { lintMetrics, promtool } from '../../support/promtool.ts';
import { inTemporaryFolder, planOf, TEST_CREDENTIALS } from '../../support/stack-fixture.ts';

const AMTOOL = process.env.TWEMSTACK_AMTOOL ?? 'amtool';

const SETTINGS = [
  'on',
  '{ domains: [a, b], retention: 24h }',
  '{ webhook: "https://alerts.example/hook?a=1&b=2" }',
  '{ email: ops@example.org, smtp: "mail.example:587", smtp_user: "on", email_from: redis@example.org }',
];

test('promtool has nothing to say against the names and descriptions of a proxy’s figures', async () => {
  const text = await everyMetric();
  closeScenes();
  assert.equal(await lintMetrics(text), '');
  // It would say something.
  assert.match(await lintMetrics(text.replaceAll('latency_seconds', 'latency_ms')), /abbreviated units/);
});

describe('Prometheus and Alertmanager accept their rendered configuration', () => {
  for (const settings of SETTINGS) {
    test(settings, async () => {
      const plan = planOf(`name: alpha\nvip: 198.18.0.100\ndomains: [a, b, "no"]\nmonitoring: ${settings}\n`);
      const secrets = { smtp: 'pass: "word" #1', webhook: "it's a token" };
      const [monitor] = plan.monitors ?? [];
      await inTemporaryFolder(async (folder) => {
        const files = renderMembers(plan, TEST_CREDENTIALS, {}, secrets).get(monitor.name) ?? [];
        for (const { name, content } of files) writeFileSync(join(folder, name), content);
        // Of the folder that the monitor is told by there is none here, and need not be: it is a pattern.
        const checkedConfig = await promtool('check', 'config', join(folder, 'prometheus.yml'));
        assert.match(checkedConfig, new RegExp(`${alertsOf(plan).length} rules found`));
        const checked = await execa(AMTOOL, ['check-config', join(folder, 'alertmanager.yml')], {
          reject: false,
          all: true,
        });
        assert.equal(checked.exitCode, 0, checked.all);
        assert.match(checked.all, /1 receivers/);
      });
    });
  }

  test('every query of the dashboard is one', async () => {
    const rules = CHARTS.flatMap(({ queries }) => queries.map(([expr]) => ({ record: 'chart', expr })));
    // The same name with other labels, as rules have to differ.
    const named = rules.map((rule, index) => ({ ...rule, labels: { chart: String(index) } }));
    await inTemporaryFolder(async (folder) => {
      const file = join(folder, 'charts.yml');
      writeFileSync(file, yaml({ groups: [{ name: 'charts', rules: named }] }));
      assert.match(await promtool('check', 'rules', file), new RegExp(`${rules.length} rules found`));
    });
  });
});
