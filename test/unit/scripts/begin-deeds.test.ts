import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginDeeds } from '../../../scripts/drill/nemesis/begin-deeds.ts';

const always = async (): Promise<boolean> => true;
/** A deed that notes when it begins, and ends when it is told to. */
function deedOf(done: string[], name: string, onLinks: boolean) {
  let resolve = (): void => undefined;
  let reject = (_reason: Error): void => undefined;
  const promise = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  const act = (): Promise<void> => {
    done.push(name);
    return promise;
  };
  return { deed: { at: 0, onLinks, act }, end: resolve, fail: reject };
}
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what changes links waits for what changes them; everything else does not', async () => {
  const done: string[] = [];
  const [mend, kill, cut] = [
    deedOf(done, 'mend', true),
    deedOf(done, 'kill', false),
    deedOf(done, 'cut', true),
  ];
  const all = beginDeeds([mend.deed, kill.deed, cut.deed], 0, always);
  await settle();
  assert.deepEqual(done.sort(), ['kill', 'mend']);
  mend.end();
  await settle();
  assert.ok(done.includes('cut'));
  kill.end();
  cut.end();
  await all;
});

test('a deed that fails is told of when the others have ended, and not by the death of the program', async () => {
  const done: string[] = [];
  const unheard: unknown[] = [];
  const hear = (reason: unknown): number => unheard.push(reason);
  process.on('unhandledRejection', hear);
  try {
    const [cut, freeze] = [deedOf(done, 'cut', true), deedOf(done, 'freeze', false)];
    let told = false;
    const all = beginDeeds([cut.deed, freeze.deed], 0, always);
    const rejected = assert.rejects(all, /no iptables/).then(() => {
      told = true;
    });
    await settle();
    cut.fail(new Error('no iptables'));
    await settle();
    assert.equal(told, false, 'something is still being done');
    freeze.end();
    await rejected;
    assert.deepEqual(unheard, []);
  } finally {
    process.off('unhandledRejection', hear);
  }
});

test('nothing more is begun when the operator wants to stop', async () => {
  const done: string[] = [];
  const cut = deedOf(done, 'cut', true);
  await beginDeeds([cut.deed], 0, async () => false);
  assert.deepEqual(done, []);
});
