import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Decrypter, generateX25519Identity } from 'age-encryption';
import { decrypted, encrypted } from '../../../scripts/backup/encryption.ts';

const CHUNK = 64 * 1024;

async function* pieces(content: Buffer, size: number): AsyncGenerator<Buffer> {
  const memory = Buffer.alloc(size);
  for (let at = 0; at < content.length; at += size)
    yield memory.subarray(0, content.copy(memory, 0, at, at + size));
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const chunk of chunks) found.push(chunk);
  return Buffer.concat(found);
}

test('what is encrypted is a file of age, of whatever size, and in whatever pieces it came', async () => {
  const key = await generateX25519Identity();
  const decrypter = new Decrypter();
  decrypter.addIdentity(key);
  for (const length of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7]) {
    const content = randomBytes(length);
    for (const size of [1000, CHUNK, 300_000]) {
      const file = await all(encrypted(pieces(content, size), key));
      assert.match(file.toString('latin1'), /^age-encryption\.org\/v1\n-> X25519 \S+\n\S+\n--- \S+\n/);
      assert.ok(content.equals(await decrypter.decrypt(file)), `${length} bytes in pieces of ${size}`);
    }
  }
});

test('a file of which chunks are missing, or in another order, is refused', async () => {
  const key = await generateX25519Identity();
  const file = await all(encrypted(pieces(randomBytes(3 * CHUNK), CHUNK), key));
  const sealed = CHUNK + 16;
  const head = file.length - 3 * sealed;
  const chunk = (n: number): Buffer => file.subarray(head + n * sealed, head + (n + 1) * sealed);
  const refused = async (...chunks: Buffer[]): Promise<void> => {
    const altered = Buffer.concat([file.subarray(0, head), ...chunks]);
    await assert.rejects(all(decrypted(pieces(altered, 1 << 20), key)), /./);
  };
  await refused(chunk(0), chunk(1));
  await refused(chunk(1), chunk(0), chunk(2));
  await refused(chunk(0), chunk(2));
});
