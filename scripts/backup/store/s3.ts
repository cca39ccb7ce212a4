import { setTimeout as delay } from 'node:timers/promises';
import { S3mini } from 's3mini';
import { InputError, NotSoError } from '../../errors.ts';
import { isBackupId } from '../manifest.ts';
import { type BackupStore, type Draft, MANIFEST_FILE } from './store.ts';

/**
 * All parts of a file but the last are of one size, as some stores demand; at most 10,000 (S3's limit), so a file may have
 * 160 GB. One is held in memory.
 */
const PART_BYTES = 16 * 1024 * 1024;
const MOST_PARTS = 10_000;
const ANSWER_MS = 120_000;
const TRIES = 3;
const PAUSE_MS = 500;
/** What has no manifest after so long will get none. */
const GIVEN_UP_MS = 24 * 3600 * 1000;

/**
 * Backups in an S3-compatible store: `s3://<bucket>/<prefix>/<stack>/<id>/`. There is no renaming, so the manifest, written last,
 * makes it a backup.
 *
 * s3mini rather than the SDKs: it has no dependencies (1 MB beside 16 to 22), and needs nothing but fetch.
 */
export class S3Store implements BackupStore {
  readonly where: string;
  readonly #client: S3mini;
  readonly #prefix: string;

  /**
   * @param to `s3://bucket/prefix`
   * @param env credentials, region and endpoint, under the names that AWS' own tools read
   * @throws InputError when one of them is missing
   */
  constructor(to: string, stack: string, env: NodeJS.ProcessEnv = process.env) {
    const [, bucket, path] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?(.*)$/.exec(to) ?? [];
    if (bucket === undefined) {
      throw new InputError('this is no address of a bucket', { where: to, remedy: 's3://BUCKET/PREFIX' });
    }
    const missing = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].filter((name) => !env[name]);
    if (missing.length > 0) {
      throw new InputError(`${missing.join(' and ')} must say who comes to the store`, {
        where: to,
        remedy:
          'set them in the environment; AWS_ENDPOINT_URL and AWS_REGION as well where it is not AWS’ own',
      });
    }
    const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1';
    const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || `https://s3.${region}.amazonaws.com`;
    this.#prefix = `${path === '' ? '' : `${path.replace(/\/+$/, '')}/`}${stack}/`;
    this.where = `s3://${bucket}/${this.#prefix.replace(/\/$/, '')}`;
    this.#client = new S3mini({
      endpoint: `${endpoint.replace(/\/+$/, '')}/${bucket}`,
      region,
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
      requestAbortTimeout: ANSWER_MS,
    });
  }

  async ids(): Promise<string[]> {
    const files = await this.#files();
    return files.flatMap(({ id, file }) => (file === MANIFEST_FILE && isBackupId(id) ? [id] : [])).sort();
  }

  async *read(id: string, file: string): AsyncGenerator<Buffer> {
    const key = this.#key(id, file);
    const response = await this.#try('read', () => this.#client.getObjectResponse(key));
    if (response?.body == null) {
      throw new NotSoError('the backup cannot be read: it is not there', {
        where: `${this.where}/${id}/${file}`,
      });
    }
    try {
      for await (const chunk of response.body) yield Buffer.from(chunk);
    } catch (cause) {
      throw this.#failure('read', cause);
    }
  }

  async begin(id: string): Promise<Draft> {
    const written: string[] = [];
    return {
      write: async (file, content) => {
        const key = this.#key(id, file);
        written.push(key);
        await this.#upload(key, content);
      },
      finish: async (manifest) => {
        const key = this.#key(id, MANIFEST_FILE);
        written.push(key);
        await this.#try('written', () => this.#client.putObject(key, manifest, 'application/json'));
      },
      discard: async () => {
        // Best effort: what stays has no manifest, and is swept some day. The error that led here is the one to tell.
        for (const key of written) await this.#client.deleteObject(key).catch(() => undefined);
      },
    };
  }

  async remove(id: string): Promise<void> {
    // The manifest first: what is half removed must not look like a backup.
    const own = (await this.#files()).filter((each) => each.id === id).map(({ file }) => file);
    const inOrder = own.sort((a, b) => Number(b === MANIFEST_FILE) - Number(a === MANIFEST_FILE));
    for (const file of inOrder)
      await this.#try('removed', () => this.#client.deleteObject(this.#key(id, file)));
  }

  async sweep(): Promise<void> {
    const files = await this.#files();
    const whole = new Set(files.flatMap(({ id, file }) => (file === MANIFEST_FILE ? [id] : [])));
    for (const { id, file, writtenAt } of files) {
      if (whole.has(id) || !isBackupId(id) || Date.now() - writtenAt < GIVEN_UP_MS) continue;
      await this.#try('removed', () => this.#client.deleteObject(this.#key(id, file)));
    }
  }

  #key(id: string, file: string): string {
    return `${this.#prefix}${id}/${file}`;
  }

  async #files(): Promise<{ id: string; file: string; writtenAt: number }[]> {
    // null: there is no such bucket.
    const found = await this.#try('listed', () => this.#client.listObjects('/', this.#prefix));
    if (found === null) throw this.#failure('listed', { serviceCode: 'NoSuchBucket' });
    return found.flatMap(({ Key, LastModified }) => {
      const [id, file, ...more] = Key.slice(this.#prefix.length).split('/');
      return file === undefined || more.length > 0
        ? []
        : [{ id, file, writtenAt: new Date(LastModified).getTime() }];
    });
  }

  /** In one request when it is small, else in parts. */
  async #upload(key: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    const parts = partsOf(content);
    const first = await parts.next();
    const second = first.done === true ? first : await parts.next();
    if (second.done === true) {
      await this.#try('written', () => this.#client.putObject(key, first.value ?? Buffer.alloc(0)));
      return;
    }
    const upload = await this.#try('written', () => this.#client.getMultipartUploadId(key));
    try {
      const done: Awaited<ReturnType<S3mini['uploadPart']>>[] = [];
      const put = async (part: Buffer): Promise<void> => {
        if (done.length === MOST_PARTS)
          throw new NotSoError('the backup of a shard is too large for this store');
        done.push(
          await this.#try('written', () => this.#client.uploadPart(key, upload, part, done.length + 1)),
        );
      };
      await put(first.value as Buffer);
      await put(second.value);
      for await (const part of parts) await put(part);
      await this.#try('written', () => this.#client.completeMultipartUpload(key, upload, done));
    } catch (error) {
      // Parts that nobody puts together are kept, and paid for.
      await this.#client.abortMultipartUpload(key, upload).catch(() => undefined);
      throw error;
    }
  }

  /** Again when nobody answers or the store has a trouble of its own. @throws NotSoError with what is wrong */
  async #try<T>(what: string, request: () => Promise<T>): Promise<T> {
    for (let left = TRIES; ; left--) {
      try {
        return await request();
      } catch (error) {
        const { status } = error as { status?: number };
        const mayPass = status === undefined || status === 429 || (status >= 500 && status !== 507);
        if (left > 1 && mayPass && !isFull(error)) await delay(PAUSE_MS * (TRIES - left + 1));
        else throw this.#failure(what, error);
      }
    }
  }

  #failure(what: string, cause: unknown): NotSoError {
    return new NotSoError(`the backup cannot be ${what}: ${reasonOf(cause)}`, { where: this.where, cause });
  }
}

/** Chunks put together to parts of one size, the last one smaller. */
async function* partsOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, undefined> {
  let part = Buffer.allocUnsafe(PART_BYTES);
  let length = 0;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length; ) {
      const count = Math.min(chunk.length - at, PART_BYTES - length);
      part.set(chunk.subarray(at, at + count), length);
      length += count;
      at += count;
      if (length < PART_BYTES) continue;
      yield part;
      part = Buffer.allocUnsafe(PART_BYTES);
      length = 0;
    }
  }
  if (length > 0) yield part.subarray(0, length);
}

interface Complaint {
  readonly serviceCode?: string;
  readonly status?: number;
  readonly message?: string;
  readonly cause?: { readonly code?: string; readonly message?: string };
}

const FULL = /StorageFull|QuotaExceeded|InsufficientStorage|NotEnoughSpace/i;
const isFull = (error: unknown): boolean => {
  const { serviceCode = '', status } = error as Complaint;
  return FULL.test(serviceCode) || status === 507;
};

function reasonOf(error: unknown): string {
  const { serviceCode = '', status, message = '', cause } = error as Complaint;
  const code = serviceCode === '' || serviceCode === 'Unknown' ? status : serviceCode;
  if (isFull(error)) return `the store is full (${code})`;
  if (/AccessKeyId|SignatureDoesNotMatch|AccessDenied|Forbidden/.test(serviceCode) || status === 403)
    return `the store does not accept these credentials (${code})`;
  if (serviceCode === 'NoSuchBucket') return 'there is no such bucket';
  if (status === undefined) return `the store does not answer (${cause?.code ?? cause?.message ?? message})`;
  return message;
}
