import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';

/** One look of the guard: own view is "ROLE AMOUNT LINK MASTER"; the rest as in decide.sh. I am M:1. */
interface Look {
  readonly own: string;
  readonly named: string;
  readonly named_role: string;
  readonly peer_master: string;
  readonly majority: 0 | 1;
  readonly disputed: 0 | 1;
}

const USUAL: Look = {
  own: '',
  named: 'A:1',
  named_role: 'master',
  peer_master: 'A:1',
  majority: 1,
  disputed: 0,
};
const NAMED: Partial<Look> = { named: 'M:1', named_role: '', peer_master: '' };

const TABLE: ReadonlyArray<
  readonly [title: string, look: Partial<Look>, verdict: 'agreed' | 'opposed' | 'neither']
> = [
  ['a linked replica of the named master', { own: 'slave 9 up A:1' }, 'agreed'],
  ['the named master', { ...NAMED, own: 'master 9 - -:-' }, 'agreed'],
  ['a replica that still waits for its master', { own: 'slave 0 down A:1' }, 'neither'],
  ['a replica of another than the named one', { own: 'slave 9 up B:1' }, 'neither'],
  ['a replica that is named, and nobody is master', { ...NAMED, own: 'slave 9 down B:1' }, 'opposed'],
  [
    'a replica that is named, but somebody is master',
    { ...NAMED, own: 'slave 9 down B:1', peer_master: 'B:1' },
    'neither',
  ],
  ['a replica that is named, linked to its master', { ...NAMED, own: 'slave 9 up B:1' }, 'neither'],
  ['a master beside the named one', { own: 'master 9 - -:-' }, 'opposed'],
  [
    'a master, and the named one is not up',
    { own: 'master 9 - -:-', named_role: '', peer_master: '' },
    'neither',
  ],
  ['a failover under way', { own: 'master 9 - -:-', disputed: 1 }, 'neither'],
  ['no majority', { own: 'master 9 - -:-', majority: 0 }, 'neither'],
  ['redis not answering yet', { own: '' }, 'neither'],
];

describe('the guard of a started redis sees', () => {
  for (const [title, look, expected] of TABLE) {
    test(`${title}: ${expected}`, () => {
      const { own, ...facts } = { ...USUAL, ...look };
      const script = `set -euo pipefail; me=M:1 named_is_member=1 agreed=1 opposed=1 hollow=/nonexistent/hollow
        ${Object.entries(facts)
          .map(([name, value]) => `${name}='${value}'`)
          .join(' ')}
        declare -A answer=([redis:M:1]='${own}')
        source sentinel/image/lib/guard.sh
        judge; printf '%s %s' "$agreed" "$opposed"`;
      const counts = execFileSync('bash', ['-c', script], { encoding: 'utf8' });
      assert.equal(counts, { agreed: '2 0', opposed: '0 2', neither: '0 0' }[expected]);
    });
  }
});
