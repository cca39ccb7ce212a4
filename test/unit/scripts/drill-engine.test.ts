import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engineProcess, flagOf } from '../../../scripts/drill/faults/engine-process.ts';

describe('the engine’s process', () => {
  test('flags of dockerd are found in both forms, and one is not taken for the beginning of another', () => {
    const args = ['--exec-root=/run/x', '--pidfile', '/run/x.pid', '--exec-opt=a=b'];
    assert.equal(flagOf(args, 'exec-root'), '/run/x');
    assert.equal(flagOf(args, 'pidfile'), '/run/x.pid');
    assert.equal(flagOf(args, 'exec'), undefined);
    assert.equal(flagOf(args, 'exec-opt'), 'a=b');
  });

  test('nobody listens on a socket that is not there', () => {
    assert.equal(engineProcess('/run/twemstack-no-such.sock'), undefined);
  });
});
