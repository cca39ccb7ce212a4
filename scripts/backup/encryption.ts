import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { ReadableStream } from 'node:stream/web';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { InputError } from '../errors.ts';
import type { Home } from '../stack/home.ts';
import { readIfPresent, writePrivate } from '../stack/private-file.ts';

/** Kept apart from the stack's own folder, which `down --volumes` removes: backups outlive their stack. */
export const keyFile = (home: Home, stack: string): string => `${home.private}/backup-keys/${stack}.key`;

/** The key of a stack's backups, an age identity; made at the first call. */
export async function ensureKey(home: Home, stack: string): Promise<{ key: string; isNew: boolean }> {
  const path = keyFile(home, stack);
  if (readIfPresent(path) !== undefined) return { key: readKey(path), isNew: false };
  const key = await generateX25519Identity();
  home.privateDir(`${home.private}/backup-keys`);
  writePrivate(path, `# key of the backups of ${stack}; without it they are nothing\n${key}\n`);
  return { key, isNew: true };
}

/** The key of a stack's backups, when it has one. */
export const knownKey = (home: Home, stack: string): string | undefined =>
  readIfPresent(keyFile(home, stack)) === undefined ? undefined : readKey(keyFile(home, stack));

/** The age identity in a file. @throws InputError when there is none */
export function readKey(path: string): string {
  const lines = readIfPresent(path)?.split('\n') ?? [];
  const key = lines.map((line) => line.trim()).find((line) => /^AGE-SECRET-KEY-1[0-9A-Z]+$/.test(line));
  if (key !== undefined) return key;
  throw new InputError('this file holds no key: no line of it begins with AGE-SECRET-KEY-1', {
    where: path,
    remedy: 'name the file that `backup --encrypt` wrote, or one of age-keygen',
  });
}

/** Of the payload of an age file (age-encryption.org/v1): bytes of a chunk, its checksum and nonce, and of the nonce of the whole. */
const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const CHUNK_NONCE_BYTES = 12;
const NONCE_BYTES = 16;

/**
 * As `age -r` would: readable with `age -d -i FILE`. Chunks of the content need be good only until the next one.
 *
 * The header is the library's work, the payload OpenSSL's: a cipher in JavaScript takes as long as all the rest of a backup.
 */
export async function* encrypted(content: AsyncIterable<Buffer>, key: string): AsyncGenerator<Buffer> {
  const { header, fileKey } = await newFile(key);
  const nonce = randomBytes(NONCE_BYTES);
  yield Buffer.concat([header, nonce]);
  const seal = sealer(Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32)));
  const plain = Buffer.alloc(CHUNK_BYTES);
  let used = 0;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length; ) {
      // Not before more has come: the last chunk is marked, and may be a full one.
      if (used === CHUNK_BYTES) {
        yield seal(plain, false);
        used = 0;
      }
      const count = chunk.copy(plain, used, at, at + CHUNK_BYTES - used);
      used += count;
      at += count;
    }
  }
  yield seal(plain.subarray(0, used), true);
}

/** The header of a new age file, and the key that it holds for whoever has `key`. */
async function newFile(key: string): Promise<{ header: Uint8Array; fileKey: Uint8Array }> {
  let fileKey = new Uint8Array();
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(key));
  // One who gets nothing written for him, and only listens.
  encrypter.addRecipient({
    wrapFileKey: (drawn) => {
      fileKey = drawn.slice();
      return [];
    },
  });
  const empty = await encrypter.encrypt(new Uint8Array());
  return { header: empty.subarray(0, empty.length - NONCE_BYTES - TAG_BYTES), fileKey };
}

/** ChaCha20-Poly1305, with the number of the chunk, and whether it is the last, as nonce (STREAM). */
function sealer(key: Buffer): (plain: Buffer, isLast: boolean) => Buffer {
  const nonce = Buffer.alloc(CHUNK_NONCE_BYTES);
  let number = 0;
  return (plain, isLast) => {
    nonce.writeUIntBE(number++, 5, 6);
    nonce[CHUNK_NONCE_BYTES - 1] = isLast ? 1 : 0;
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  };
}

/** @throws Error when it was altered, cut short, or encrypted with another key */
export async function* decrypted(content: AsyncIterable<Uint8Array>, key: string): AsyncGenerator<Buffer> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(key);
  const plain = await decrypter.decrypt(
    ReadableStream.from(content) as globalThis.ReadableStream<Uint8Array>,
  );
  for await (const chunk of plain) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
