import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { execa } from 'execa';
import { bundleProvider, PROVIDER_SOURCE } from '../../../provider/bundle.ts';
import { EngineError } from '../../../provider/docker/engine.ts';
import { makeServerCertificate } from '../../../provider/protocol/certificate.ts';
import { ProviderError, toDiagnostic } from '../../../provider/protocol/diagnostics.ts';
import { DIFFERENCES } from '../../provider/differences.ts';

const mirror = mkdtempSync(join(tmpdir(), 'tw-mirror-'));
after(() => rmSync(mirror, { recursive: true }));

describe('the bundle', () => {
  test('is a plugin mirror, and is written once for the same sources', async () => {
    const first = await bundleProvider(mirror);
    assert.deepEqual([first.source, first.version], [PROVIDER_SOURCE, '4.5.0']);
    const place =
      /^twemstack\.invalid\/offline\/docker\/4\.5\.0\/\w+_\w+\/terraform-provider-docker_v4\.5\.0$/;
    assert.match(first.executable.slice(mirror.length + 1), place);
    assert.equal(statSync(first.executable).mode & 0o111, 0o111);
    const script = join(dirname(first.executable), 'provider.cjs');
    const written = statSync(script).mtimeMs;
    assert.deepEqual(await bundleProvider(mirror), first);
    assert.equal(statSync(script).mtimeMs, written);
    assert.equal(
      readFileSync(script, 'utf8').includes(process.cwd()),
      false,
      'no path of this machine inside',
    );
  });

  test('started by hand says what it is', async () => {
    const { executable } = await bundleProvider(mirror);
    const ran = await execa(executable, { reject: false, env: { TF_PLUGIN_MAGIC_COOKIE: '' } });
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stderr, /started by terraform, not by hand/);
  });

  test('of what an earlier start left compiled, another provider’s goes, and one that is damaged is not used', async () => {
    const other = join(mirror, 'provider-0123456789abcdef.cache');
    writeFileSync(other, '');
    const { executable } = await bundleProvider(mirror);
    const script = join(dirname(executable), 'provider.cjs');
    const [, stamp] = /provider (\w+) \*\//.exec(readFileSync(script, 'utf8')) ?? [];
    writeFileSync(join(mirror, `provider-${stamp}.cache`), 'damaged');
    const ran = await execa(executable, { reject: false, env: { TF_PLUGIN_MAGIC_COOKIE: '' } });
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stderr, /started by terraform, not by hand/);
    rmSync(script);
    await bundleProvider(mirror);
    assert.deepEqual(
      readdirSync(mirror).filter((name) => name.endsWith('.cache')),
      [],
    );
  });
});

test('the certificate is what terraform’s handshake wants', async () => {
  const made = await makeServerCertificate();
  assert.doesNotMatch(made.handshake, /=/);
  const certificate = new X509Certificate(Buffer.from(made.handshake, 'base64'));
  assert.equal(certificate.subjectAltName, 'DNS:localhost');
  assert.equal(certificate.ca, true);
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1']);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.equal(new X509Certificate(made.certificate).fingerprint256, certificate.fingerprint256);
});

describe('errors', () => {
  test('for operators are diagnostics with their path; the engine’s keep its words', () => {
    const error = new ProviderError('no', { detail: 'because', path: ['ports', 0] });
    assert.deepEqual(toDiagnostic(error), {
      severity: 'error',
      summary: 'no',
      detail: 'because',
      path: ['ports', 0],
    });
    const engine = new EngineError('Unable to create container x', 409, 'Conflict.');
    assert.equal(toDiagnostic(engine).summary, 'Unable to create container x: Conflict.');
  });

  test('of the provider itself say so', () => {
    assert.match(toDiagnostic(new TypeError('oops')).summary, /^The provider failed: oops/);
    assert.match(toDiagnostic('text').summary, /^The provider failed: text/);
  });
});

test('the README’s table of differences is the one the acceptance suite asserts', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../../provider/README.md'), 'utf8');
  const rows = Object.entries(DIFFERENCES).map(
    ([id, { bundled, real, why }]) => `| ${id} | ${bundled} | ${real} | ${why} |`,
  );
  const table = readme.split('\n').filter((line) => /^\| [a-z0-9-]+ \|.*\|.*\|.*\|/.test(line));
  assert.deepEqual(table, rows);
});
