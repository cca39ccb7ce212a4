import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import type { Home } from '../../stack/home.ts';
import { DirectoryStore } from './directory.ts';
import { S3Store } from './s3.ts';
import type { BackupStore } from './store.ts';

/**
 * Where backups of a stack go.
 *
 * @param to a folder, or `s3://bucket/prefix`; undefined = `.twemstack/backups`, on this machine
 * @throws InputError when it is an address of a kind that is not known
 */
export function openStore(home: Home, stack: string, to: string | undefined): BackupStore {
  if (to === undefined) return new DirectoryStore(join(home.private, 'backups'), stack);
  const [scheme] = /^[a-z0-9+]+(?=:\/\/)/i.exec(to) ?? [];
  if (scheme === undefined) return new DirectoryStore(to, stack);
  if (scheme === 's3') return new S3Store(to, stack);
  throw new InputError(`backups do not go to ${scheme}://`, {
    where: to,
    remedy: 'name a folder, or s3://BUCKET/PREFIX',
  });
}
