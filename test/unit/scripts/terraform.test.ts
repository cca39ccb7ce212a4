import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Terraform } from '../../../scripts/deploy/terraform.ts';
import { NotSoError } from '../../../scripts/errors.ts';
import { inTemporaryFolder } from '../../support/stack-fixture.ts';

/** What terraform 1.11 writes with -json about a plan, shortened. */
const PLANNED = [
  ['replace', 'docker_container', 'alpha-proxy-a'],
  ['update', 'docker_container', 'alpha-shard-1-a'],
  ['noop', 'docker_volume', 'alpha-edge-a'],
].map(([action, type, name]) =>
  JSON.stringify({
    type: 'planned_change',
    change: { resource: { addr: `${type}.${name}`, resource_type: type, resource_name: name }, action },
  }),
);
const DRIFT = PLANNED[0].replace('planned_change', 'resource_drift');
const ERROR = JSON.stringify({
  type: 'diagnostic',
  diagnostic: { severity: 'error', summary: 'Unable to stop', detail: 'no such container', address: 'a.b' },
});

/** A terraform that writes the given lines and notes its arguments. */
async function withTerraform<T>(
  lines: readonly string[],
  exitCode: number,
  work: (terraform: Terraform, dir: string, words: () => string[]) => Promise<T>,
  { signal, first = '' }: { readonly signal?: AbortSignal; readonly first?: string } = {},
): Promise<T> {
  return inTemporaryFolder((root) => {
    const [program, dir] = [join(root, 'terraform'), join(root, 'stack')];
    mkdirSync(dir);
    const said = lines.map((line) => `printf '%s\\n' '${line}'`).join('\n');
    writeFileSync(
      program,
      `#!/bin/bash\n${first}\nprintf '%s\\n' "$@" > words\nprintenv DOCKER_CERT_PATH > certificates\n${said}\nexit ${exitCode}\n`,
    );
    chmodSync(program, 0o755);
    const words = (): string[] => readFileSync(join(dir, 'words'), 'utf8').trim().split('\n');
    return work(
      new Terraform({ path: program, product: 'terraform', version: '1.11.4', env: {} }, signal),
      dir,
      words,
    );
  });
}

describe('asking terraform', () => {
  test('what would change is told resource by resource; drift and what stays are not changes', () =>
    withTerraform([DRIFT, 'no JSON', ...PLANNED], 0, async (terraform, dir, words) => {
      const changes = await terraform.plan(dir, ['docker_container.x']);
      assert.deepEqual(
        changes.map(({ name, action }) => [name, action]),
        [
          ['alpha-proxy-a', 'replace'],
          ['alpha-shard-1-a', 'update'],
        ],
      );
      assert.equal(words()[0], 'plan');
      assert.ok(words().includes('-replace=docker_container.x'));
    }));

  test('certificates that the shell names are for engines behind TLS: of one behind ssh it is not told', () =>
    withTerraform([], 0, async (terraform, dir) => {
      const before = process.env.DOCKER_CERT_PATH;
      process.env.DOCKER_CERT_PATH = '/tls';
      try {
        for (const [engine, named] of [
          ['tcp://10.0.0.13:2376', '/tls\n'],
          ['ssh://ops@10.0.0.11', ''],
        ]) {
          const config = { provider: { docker: [{ host: engine }] } };
          writeFileSync(join(dir, 'cdk.tf.json'), JSON.stringify(config));
          await terraform.plan(dir);
          assert.equal(readFileSync(join(dir, 'certificates'), 'utf8'), named, engine);
        }
      } finally {
        if (before === undefined) delete process.env.DOCKER_CERT_PATH;
        else process.env.DOCKER_CERT_PATH = before;
      }
    }));

  test('a failure is told in its own words', () =>
    withTerraform([ERROR], 1, (terraform, dir) =>
      assert.rejects(
        terraform.apply(dir, () => undefined),
        (error) =>
          error instanceof NotSoError && /Unable to stop \(a\.b\)\n +no such container/.test(error.message),
      ),
    ));

  test('one that was interrupted is not called a failure', () =>
    withTerraform(
      [ERROR],
      1,
      (terraform, dir) =>
        assert.rejects(
          terraform.apply(dir, () => undefined),
          /interrupted during terraform apply; what it had done stands/,
        ),
      { signal: AbortSignal.abort() },
    ));

  test('it stands back for the stack on this machine; who started it does not', () => {
    const before = [getPriority(), autogroup()];
    const first = `
for n in {1..200}; do
  read -r -a stat < /proc/$$/stat
  group=$(cat /proc/$$/autogroup 2> /dev/null)
  [[ \${stat[18]} = 5 && ( -z $group || $group = *' nice 5' ) ]] && break
  sleep 0.01
done
echo "\${stat[18]} $group" > standing`;
    return withTerraform(
      [],
      0,
      async (terraform, dir) => {
        await terraform.plan(dir);
        const standing = readFileSync(join(dir, 'standing'), 'utf8');
        assert.match(standing, existsSync(AUTOGROUP) ? /^5 .* nice 5$/m : /^5 $/m);
        assert.deepEqual([getPriority(), autogroup()], before);
      },
      { first },
    );
  });
});

/** What a session weighs, where the kernel counts by sessions. */
const AUTOGROUP = '/proc/self/autogroup';
const autogroup = (): string => (existsSync(AUTOGROUP) ? readFileSync(AUTOGROUP, 'utf8') : '');
