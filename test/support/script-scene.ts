import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { ask, type MemoryClient, type MemoryScene } from './memory-scene.ts';

/** What EVALSHA calls a script. */
export function shaOf(body: string): string {
  return createHash('sha1').update(body).digest('hex');
}

/** A script, what it is called, and what servers say of it. */
export const BODY = 'return_1';
export const SHA = shaOf(BODY);
export const LOADED = `$40\r\n${SHA}`;
export const NOSCRIPT = '-NOSCRIPT No matching script. Please use EVAL.';

/** A key that lives on the server of this number. */
export function keyOn({ pool }: MemoryScene, index: number): string {
  for (let i = 0; ; i++) {
    const key = Buffer.from(`key${i}`);
    if (pool.routing.serverFor(key, 0, key.length)?.index === index) return key.toString();
  }
}

/** Loads BODY on all servers, and forgets that they were asked. */
export function load(scene: MemoryScene, client: MemoryClient): void {
  ask(scene, client, `SCRIPT LOAD ${BODY}`);
  for (const server of scene.servers) if (server.asked.length > 0) server.answer(LOADED);
  scene.settle();
  assert.equal(client.said, `${LOADED}\r\n`);
  for (const server of scene.servers) server.log.length = 0;
}
