import assert from 'node:assert/strict';
import { test } from 'node:test';
import type Docker from 'dockerode';
import { trialEngine } from '../../../scripts/backup/trial/container.ts';
import type { DomainEngine, Engines } from '../../../scripts/stack/engines.ts';

const images = (tags: readonly string[]): Docker =>
  ({ listImages: async () => [{ RepoTags: tags }] }) as unknown as Docker;
const dead = { listImages: () => Promise.reject(new Error('no route to host')) } as unknown as Docker;
const on = (...dockers: readonly Docker[]): Engines => {
  const list = dockers.map((docker, index): DomainEngine => ({ domain: 'abc'[index], docker }));
  return { list } as unknown as Engines;
};

test('a backup of a stack on several hosts is tried on the first that answers and has the image', async () => {
  const good = images(['twemstack/redis:0123456789ab']);
  assert.equal(await trialEngine(on(dead, images(['debian:bookworm']), good)), good);
  assert.equal(await trialEngine(on(good, dead)), good);
});

test('where none will do, each is told of', async () => {
  await assert.rejects(trialEngine(on(dead, images([]))), (error: Error & { where?: string }) => {
    assert.match(error.message, /no host has a place to try the backup in/);
    assert.equal(error.where, 'host a: no route to host; host b: no image to look with');
    return true;
  });
});
