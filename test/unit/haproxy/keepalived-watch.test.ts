import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

/** Goes to sleep and wakes up all the time, as a keepalived does that gets heartbeats. */
const RESTLESS = `const turn = () => {
  const until = performance.now() + 0.2;
  while (performance.now() < until);
  setTimeout(turn, 1);
};
turn();`;

/** So many that a reader which misses one in a hundred misses some. */
const LOOKS = 2000;

test('a process is seen however often it falls asleep and wakes up while it is looked at; one that is gone is not', async () => {
  const restless = spawn(process.execPath, ['-e', RESTLESS], { stdio: 'ignore' });
  try {
    const script = `set -u
      source haproxy/image/lib/keepalived-watch.sh
      missed=0
      for ((look = 0; look < ${LOOKS}; look++)); do process_state ${restless.pid} || missed=$((missed + 1)); done
      [[ $state == [RS] ]] && ((sleeps > 0)) && echo "missed $missed"
      process_state 99999999 || echo gone`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script]);
    assert.deepEqual(stdout.trim().split('\n'), ['missed 0', 'gone']);
  } finally {
    restless.kill('SIGKILL');
  }
});
