import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';

/**
 * Looks of an edge at the proxies of two other hosts, one letter each: `.` none answers, `1` one does, `?` HAProxy does not.
 * @returns the same, with `X` at the look that has it give the VIP up, and `O` at the one that has it take part again
 */
async function watch(looks: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-peers-'));
  const script = `set -u
    looks=${looks} at=0
    haproxy_alive() {
      ((at < \${#looks})) || exit 0
      case \${looks:at++:1} in
        1) peers=01 ;;
        .) peers=00 ;;
        *) peers=; return 1 ;;
      esac
    }
    pause() { :; }
    say() { case $1 in cut\\ off*) echo "X$((at - 1))" ;; other\\ hosts*) echo "O$((at - 1))" ;; esac; }
    source haproxy/image/lib/peers-watch.sh
    watch_peers ${folder}/isolated`;
  try {
    const { stdout } = await promisify(execFile)('bash', ['-c', script]);
    const marked = [...looks];
    for (const [, mark, at] of stdout.matchAll(/^([XO])(\d+)$/gm)) marked[Number(at)] = mark;
    return marked.join('');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('whether a host is cut off from the others', () => {
  test('is said at once by an edge that has met them, and taken back when they are there to stay', async () => {
    assert.equal(await watch('11.1..11111.1111111'), '11.1.X11111.11111O1');
    assert.equal(await watch('1.?.'), '1.?X', 'a HAProxy that does not answer says nothing');
  });

  test('waits for the others where all hosts come up together: their proxies are later than the edges', async () => {
    assert.equal(await watch('.......1..'), '.......1.X');
  });

  test('is said by one that starts alone, until it meets the first', async () => {
    assert.equal(await watch('.........1..'), '.......X.O.X');
  });
});
