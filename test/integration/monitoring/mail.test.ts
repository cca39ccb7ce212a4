import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderAlertmanagerYml } from '../../../monitoring/alertmanager-yml.ts';
import { alertsOf } from '../../../monitoring/alerts.ts';
import { freePort } from '../../../scripts/loopback-ports.ts';
import { createAuthority } from '../../support/certificates.ts';
import { startMailServer } from '../../support/mail-server.ts';
import { spawnDaemon } from '../../support/spawn-daemon.ts';
import { inTemporaryFolder, planOf } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

test('an alert comes by mail, over an encrypted way and with the password, and says what to do', async () => {
  await inTemporaryFolder(async (folder) => {
    const authority = await createAuthority(folder, 'authority');
    const server = await startMailServer(await authority.issue('mail', ['127.0.0.1']));
    const plan = planOf(
      `name: alpha\nvip: 198.18.0.100\nmonitoring: { email: ops@example.org, email_from: redis@example.org, smtp: "127.0.0.1:${server.port}", smtp_user: redis }\n`,
    );
    const config = join(folder, 'alertmanager.yml');
    writeFileSync(config, renderAlertmanagerYml(plan, { smtp: 'pass: "word" #1' }));
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const daemon = await spawnDaemon(
      'prometheus-alertmanager',
      [
        `--config.file=${config}`,
        `--storage.path=${join(folder, 'data')}`,
        `--web.listen-address=${address}`,
        '--cluster.listen-address=',
      ],
      {
        cwd: folder,
        env: { PATH: process.env.PATH, SSL_CERT_FILE: authority.cert },
        ready: async () => (await fetch(`http://${address}/-/ready`)).ok,
      },
    );
    try {
      const alert = alertsOf(plan).find(({ name }) => name === 'VipUnheld');
      assert.ok(alert);
      const { action, name: alertname, severity, summary } = alert;
      const raised = await fetch(`http://${address}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([
          { labels: { alertname, severity, stack: 'alpha' }, annotations: { summary, action } },
        ]),
      });
      assert.equal(raised.status, 200);
      await waitUntil('the mail', () => server.mails.length > 0, { withinMs: 60_000 }).catch((error) => {
        throw new Error(daemon.output(), { cause: error });
      });
      const [{ encrypted, from, login, text, to }] = server.mails;
      assert.deepEqual([encrypted, login], [true, 'redis pass: "word" #1']);
      assert.match(from, /<redis@example\.org>/);
      assert.match(to, /<ops@example\.org>/);
      // long lines are folded, and what is not a letter may be written as its code (quoted-printable)
      const shown = text
        .replace(/=\n/g, '')
        .replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
      assert.ok(shown.includes(`Subject: [alpha] firing: ${summary}`), shown);
      assert.ok(shown.includes(`firing: ${summary}\n  since 2`), shown);
      assert.ok(shown.includes(`  do: ${action}`), shown);
    } finally {
      await daemon.stop();
      server.stop();
    }
  });
});
