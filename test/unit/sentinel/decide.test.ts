import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';

/** What an entrypoint knows; see sentinel/image/lib/decide.sh. Addresses: M, A and B are the shard's members, I am M. */
interface Known {
  readonly initial_master: string;
  readonly elapsed: number;
  readonly empty: 0 | 1;
  readonly persisted: string;
  readonly majority: 0 | 1;
  readonly named: string;
  readonly named_is_member: 0 | 1;
  readonly disputed: 0 | 1;
  readonly missed: 0 | 1;
  readonly lived: 0 | 1;
  readonly answered: number;
  readonly named_role: string;
  readonly peers_up: number;
  readonly peers_with_data: number;
  readonly peer_master: string;
}

const ME = 'M:1';
const A = 'A:1';

/** A member with data in a shard that has lived, while nobody answers. */
const ALONE: Known = {
  initial_master: ME,
  elapsed: 0,
  empty: 0,
  persisted: 'master',
  majority: 0,
  named: '',
  named_is_member: 0,
  disputed: 0,
  missed: 0,
  lived: 0,
  answered: 0,
  named_role: '',
  peers_up: 0,
  peers_with_data: 0,
  peer_master: '',
};
const NAMED: Partial<Known> = { majority: 1, named: ME, named_is_member: 1, lived: 1 };
const OTHER: Partial<Known> = { majority: 1, named: A, named_is_member: 1, lived: 1 };
const EMPTY: Partial<Known> = { empty: 1, persisted: '' };
const PEERS: Partial<Known> = { peers_up: 2, peers_with_data: 2 };

const FIRST_BOOT: Partial<Known> = { ...EMPTY, initial_master: A };

/** Title, what differs from ALONE, what follows. */
const TABLE: ReadonlyArray<readonly [title: string, known: Partial<Known>, verdict: string]> = [
  ['named, nobody else is up: at once', { ...NAMED }, 'master'],
  ['named, replicas up, no dispute: at once', { ...NAMED, ...PEERS }, 'master'],
  ['named, but a failover is under way', { ...NAMED, ...PEERS, disputed: 1 }, 'wait'],
  ['named, replicas up, back too late to be noticed in time', { ...NAMED, ...PEERS, missed: 1 }, 'wait'],
  ['named, nobody else is up, back late', { ...NAMED, missed: 1 }, 'master'],
  ['named, a failover is not coming', { ...NAMED, ...PEERS, disputed: 1, elapsed: 5000 }, 'master'],
  ['named, disputed, but nobody could be promoted', { ...NAMED, disputed: 1 }, 'master'],

  ['wiped and named, replicas hold data', { ...NAMED, ...EMPTY, ...PEERS }, 'wait'],
  [
    'wiped and named, replicas hold data, for long',
    { ...NAMED, ...EMPTY, ...PEERS, elapsed: 60_000 },
    'refuse',
  ],
  ['wiped and named, replicas do not answer', { ...NAMED, ...EMPTY }, 'wait'],
  ['wiped and named, one replica does not answer', { ...NAMED, ...EMPTY, peers_up: 1 }, 'wait'],
  ['wiped and named, all replicas are empty, too', { ...NAMED, ...EMPTY, peers_up: 2 }, 'master'],
  ['first boot, all sentinels up before me', { ...NAMED, ...EMPTY, lived: 0 }, 'master'],
  ['first boot of the initial replica', { ...OTHER, ...FIRST_BOOT, lived: 0 }, `replica ${A}`],

  ['another is named and is master', { ...OTHER, ...PEERS, named_role: 'master' }, `replica ${A}`],
  [
    'another is named and is master, I was master',
    { ...OTHER, named_role: 'master', persisted: 'master' },
    `replica ${A}`,
  ],
  ['another is named, but is not up yet', { ...OTHER }, 'wait'],
  ['another is named, but says it is a replica', { ...OTHER, named_role: 'slave' }, 'wait'],
  ['another is named and does not come', { ...OTHER, elapsed: 9000 }, `replica ${A}`],
  ['wiped, another is named, but is not up', { ...OTHER, ...EMPTY }, 'wait'],
  ['wiped, another is named and is master', { ...OTHER, ...EMPTY, named_role: 'master' }, `replica ${A}`],

  ['nobody answers, I was master', {}, 'wait'],
  ['nobody answers for long, I was master', { elapsed: 5000 }, 'master'],
  [
    'no sentinels, I was master, but another one is now',
    { elapsed: 5000, peers_up: 1, peer_master: A },
    `replica ${A}`,
  ],
  ['nobody answers, I was a replica', { persisted: A }, 'wait'],
  ['nobody answers as long as a master waits, I was a replica', { persisted: A, elapsed: 5000 }, 'wait'],
  ['nobody answers for long, I was a replica', { persisted: A, elapsed: 12_000 }, `replica ${A}`],
  ['no sentinels, my master is still master', { persisted: A, peers_up: 1, peer_master: A }, `replica ${A}`],
  ['a stranger is named: as if nobody answered', { majority: 1, named: 'X:1' }, 'wait'],

  ['very first boot, but others may come yet', { ...EMPTY, elapsed: 3000 }, 'wait'],
  ['very first boot, nobody comes', { ...EMPTY, elapsed: 12_000 }, 'master'],
  [
    'very first boot, a sentinel is there that never saw the shard',
    { ...EMPTY, answered: 1, elapsed: 3000 },
    'master',
  ],
  ['very first boot of a replica, others may come yet', { ...FIRST_BOOT, answered: 1 }, 'wait'],
  ['very first boot of a replica', { ...FIRST_BOOT, answered: 1, elapsed: 3000 }, `replica ${A}`],
  ['wiped, no sentinels, a master is up', { ...EMPTY, ...PEERS, peer_master: A }, `replica ${A}`],
  ['wiped, no sentinels, replicas of mine are up', { ...EMPTY, ...PEERS }, 'wait'],
  [
    'wiped, no sentinels, replicas of mine are up, for long',
    { ...EMPTY, ...PEERS, elapsed: 20_000 },
    `replica ${A}`,
  ],
  ['wiped, a lone sentinel remembers the shard', { ...EMPTY, answered: 1, lived: 1 }, 'wait'],
  [
    'wiped, a lone sentinel remembers the shard, for long',
    { ...EMPTY, lived: 1, elapsed: 20_000 },
    `replica ${A}`,
  ],
  ['never had the data of its master, nobody is there', { empty: 1, persisted: A, elapsed: 12_000 }, 'wait'],
];

function decide(known: Known): { verdict: string; reason: string } {
  const facts = Object.entries(known).map(([name, value]) => `${name}='${value}'`);
  const script = `set -euo pipefail; me='${ME}' peer_count=2 first_peer='${A}' down_after_ms=1000 ${facts.join(' ')}
    source sentinel/image/lib/decide.sh
    decide
    if [[ $verdict == replica ]]; then verdict="replica $target"; fi
    printf '%s\\n%s\\n' "$verdict" "$reason"`;
  const [verdict, reason] = execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\n');
  return { verdict, reason };
}

describe('a redis member decides', () => {
  for (const [title, known, expected] of TABLE) {
    test(`${title} -> ${expected}`, () => {
      const { verdict, reason } = decide({ ...ALONE, ...known });
      assert.equal(verdict, expected, reason);
      assert.ok(reason.length > 10, 'no decision without a reason');
    });
  }

  test('never master with an empty volume while another member holds data', () => {
    const flags = [0, 1] as const;
    for (const majority of flags) {
      for (const lived of flags) {
        for (const named of ['', ME, A]) {
          for (const elapsed of [0, 100_000]) {
            const known = { ...ALONE, ...EMPTY, ...PEERS, majority, lived, named, elapsed };
            const { verdict } = decide({ ...known, named_is_member: named === '' ? 0 : 1 });
            assert.notEqual(verdict, 'master', JSON.stringify(known));
          }
        }
      }
    }
  });
});
