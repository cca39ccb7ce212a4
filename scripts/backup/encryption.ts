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

/** As `age -r` would: readable with `age -d -i FILE`. Chunks of the content need be good only until the next one. */
export async function* encrypted(content: AsyncIterable<Buffer>, key: string): AsyncGenerator<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(key));
  yield* await encrypter.encrypt(
    ReadableStream.from(copied(content)) as globalThis.ReadableStream<Uint8Array>,
  );
}

/** A stream may read ahead. */
async function* copied(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
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
