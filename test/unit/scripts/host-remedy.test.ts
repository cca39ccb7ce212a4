import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { hostProblem } from '../../../scripts/observe/host-remedy.ts';
import { createAuthority } from '../../support/certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'twemstack-remedy-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const SSH = { docker: 'ssh://ops@10.0.0.11:2222', address: '10.0.0.11' };
const TLS = { docker: 'tcp://10.0.0.13:2376', address: '10.0.0.13', certificates: '.' };

describe('a host that is not reached', () => {
  test('is tried by hand as its user, on its port', () => {
    for (const words of ['Host key verification failed.', 'ops@10.0.0.11: Permission denied (publickey).'])
      assert.match(
        hostProblem(`ssh ended with 255: ${words}`, SSH, folder).remedy,
        /ssh -p 2222 ops@10\.0\.0\.11$/,
      );
    const plain = { ...SSH, docker: 'ssh://10.0.0.11' };
    const { gone, remedy } = hostProblem('ssh ended with 255: No route to host', plain, folder);
    assert.match(remedy, /let ssh 10\.0\.0\.11 through/);
    assert.equal(gone, true);
  });

  test('whose engine finds our certificate bad, which has expired: it is said, with what the engine said', async () => {
    const authority = await createAuthority(folder, 'ca');
    copyFileSync(authority.cert, join(folder, 'ca.pem'));
    const alert =
      'error:0A000412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate:rec_layer_s3.c:1601\n\n';
    const good = await authority.issue('client', ['client']);
    copyFileSync(good.cert, join(folder, 'cert.pem'));
    const { what, remedy } = hostProblem(alert, TLS, folder);
    assert.equal(what, alert.trim());
    assert.match(remedy, /check ca\.pem, cert\.pem and key\.pem/);
    const expired = await authority.issue('client', ['client'], -1);
    copyFileSync(expired.cert, join(folder, 'cert.pem'));
    const problem = hostProblem(alert, TLS, folder);
    assert.match(problem.what, /^cert\.pem in \. expired on .*\(error:0A000412.*1601\)$/);
    assert.equal(problem.gone, undefined);
  });
});
