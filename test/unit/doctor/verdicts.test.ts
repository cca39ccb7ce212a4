import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { checks } from '../../../scripts/doctor/check.ts';
import { examine, type Verdict } from '../../../scripts/doctor/examine.ts';
import { diagnosisDocument, diagnosisText } from '../../../scripts/doctor/report.ts';
import { CHECKOUT } from '../../../scripts/stack/home.ts';
import { hostsPlanOf, planOf, THREE_HOSTS } from '../../support/stack-fixture.ts';
import { wellFacts, wellStatus } from '../../support/well-stack.ts';
import { container, facts, guards, hosts, members, plan, withoutHostC } from './facts-with.ts';
import { FAULTS_AROUND } from './faults-around.ts';
import { FAULTS_OF_MEMBERS } from './faults-of-members.ts';

const FAULTS = [...FAULTS_AROUND, ...FAULTS_OF_MEMBERS];

const said = (verdicts: readonly Verdict[]): string =>
  verdicts.map(({ check, what }) => `${check}: ${what}`).join('\n');

describe('verdicts', () => {
  test('of a stack that is well there are none', () => {
    assert.deepEqual(examine(facts()).verdicts, []);
    assert.equal(examine(facts()).well.length, checks().length);
  });

  for (const [title, given, check, what, why, mend] of FAULTS) {
    test(title, () => {
      const { verdicts } = examine(given);
      const found = verdicts.find((verdict) => verdict.check === check);
      assert.ok(found, said(verdicts));
      assert.match(found.what, what);
      assert.match(found.why, why);
      assert.match(found.mend.join('\n'), mend);
      // Nothing else is made of the same fault, but by what it leads to.
      const others = verdicts.filter((verdict) => verdict.check !== check && verdict.check !== 'degraded');
      const follows: Readonly<Record<string, readonly string[]>> = { 'shard-waits': ['not-running'] };
      assert.deepEqual(
        others.filter((other) => !(follows[check] ?? []).includes(other.check)),
        [],
        said(others),
      );
    });
  }

  test('every check has a fault here', () => {
    const tested = new Set(FAULTS.map(([, , check]) => check));
    assert.deepEqual(
      checks().filter(({ name }) => !tested.has(name)),
      [],
    );
  });

  test('of a host that is not reached one verdict tells, and none of each of its members', () => {
    const { verdicts } = examine(withoutHostC());
    const about = verdicts.filter(({ subjects }) => subjects.some((subject) => subject.endsWith('-c')));
    assert.deepEqual(
      about.map(({ check }) => check),
      ['away'],
    );
  });

  test('a stack on three hosts that is well has no verdict', () => {
    assert.deepEqual(examine(wellFacts(hostsPlanOf(THREE_HOSTS))).verdicts, []);
  });

  test('every file of the folder has registered its check', () => {
    const files = readdirSync(join(CHECKOUT, 'scripts/doctor/verdicts')).filter((name) => name !== 'all.ts');
    assert.equal(checks().length, files.length);
    const list = readFileSync(join(CHECKOUT, 'scripts/doctor/verdicts/all.ts'), 'utf8');
    for (const file of files) assert.match(list, new RegExp(`import './${file}';`));
  });

  test('whatever `status` calls degraded, the doctor calls wrong', () => {
    for (const [title, given] of FAULTS) {
      if (given.problems.length === 0) continue;
      const { verdicts } = examine(given);
      assert.ok(
        verdicts.some(({ severity }) => severity === 'wrong'),
        title,
      );
    }
  });

  test('a master that is busy with a script is there', () => {
    const busy = { redis: undefined, error: 'BUSY Redis is busy running a script.' };
    const { verdicts } = examine(
      facts({
        status: members({ 'alpha-shard-1-a': busy }),
        guards: guards(['alpha-shard-1-a', { lead: undefined, role: 'unknown' }]),
      }),
    );
    assert.deepEqual([...new Set(verdicts.map(({ check }) => check))], ['busy-script']);
  });

  test('a shard that has two members left of three is not told to wait, one without a promise needs one alone', () => {
    const loose = planOf('name: alpha\nvip: 198.18.0.100\ndurability: available\n');
    const given = {
      ...wellFacts(loose),
      status: wellStatus(loose, ({ name }) =>
        name.startsWith('alpha-shard-1') ? { redis: undefined, error: 'gone' } : undefined,
      ),
      guards: new Map(),
    };
    const { verdicts } = examine(given);
    assert.match(
      said(verdicts),
      /shard-waits: shard-1 has no master and waits: a promotion needs 1 of 3 members, 0 in reach/,
    );
  });
});

describe('the report', () => {
  test('what is wrong, why, and each step of what mends it', () => {
    const text = diagnosisText(
      examine(facts({ containers: container('alpha-edge-b', { status: 'paused' }) })),
      [],
    );
    assert.match(
      text,
      /^✗ alpha-edge-b is frozen\n {4}why: somebody paused it.*\n {4}do: {2}`docker unpause alpha-edge-b`\n\n/,
    );
    assert.match(text, /1 wrong; \d+ checks found nothing\n$/);
    assert.match(diagnosisText(examine(facts()), []), /^nothing is wrong: \d+ checks found nothing\n$/);
  });

  test('what it quotes from a log commands no terminal', () => {
    const lastLines = new Map([['alpha-proxy-a', ['panic: \x1b[2J']]]);
    const containers = container('alpha-proxy-a', { status: 'restarting', restarts: 4 });
    const text = diagnosisText(examine(facts({ containers, lastLines })), []);
    assert.ok(!text.includes('\x1b'));
    assert.match(text, /panic: \\x1b\[2J/);
  });

  test('a note alone is well, for machines too', () => {
    const diagnosis = examine(facts({ hosts: hosts({ overcommit: 0 }) }));
    const document = diagnosisDocument(plan, diagnosis, ['the log of x: gone']);
    assert.equal(document.well, true);
    assert.deepEqual(document.unseen, ['the log of x: gone']);
    assert.match(
      diagnosisText(diagnosis, ['the log of x: gone']),
      /^· vm\.overcommit[\s\S]*\n\? the log of x: gone\n\nnothing is wrong: .*, 1 to know\n$/,
    );
  });
});
