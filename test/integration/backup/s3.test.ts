import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import S3rver from 's3rver';
import { type BackupOptions, retain, takeBackup } from '../../../scripts/backup/backup.ts';
import { openManifest } from '../../../scripts/backup/manifest.ts';
import { S3Store } from '../../../scripts/backup/store/s3.ts';
import { readText } from '../../../scripts/backup/store/store.ts';
import { checkBackup } from '../../../scripts/backup/stored-backup.ts';
import { SILENT } from '../../../scripts/report/steps.ts';
import { type RedisFleet, startFleet } from '../../support/redis-fleet.ts';
import { TEST_CREDENTIALS } from '../../support/stack-fixture.ts';

const never = new AbortController().signal;

describe('a backup in an S3 store', () => {
  let folder: string;
  let server: S3rver;
  let fleet: RedisFleet;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'twemstack-s3-'));
    server = new S3rver({
      address: '127.0.0.1',
      port: 0,
      silent: true,
      directory: folder,
      configureBuckets: [{ name: 'backups', configs: [] }],
    });
    const { port } = (await server.run()) as AddressInfo;
    env = {
      AWS_ACCESS_KEY_ID: 'S3RVER',
      AWS_SECRET_ACCESS_KEY: 'S3RVER',
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    };
    fleet = await startFleet(2);
    // Larger than one part, and smaller than one.
    for (let i = 0; i < 40; i++)
      await fleet.servers.get('shard-1')?.client.set(`large:${i}`, randomBytes(512 * 1024));
    await fleet.servers.get('shard-2')?.client.set('small', 'v');
  });
  after(async () => {
    await fleet?.stop();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const storeAt = (change: NodeJS.ProcessEnv = {}, to = 's3://backups/of/redis/'): S3Store =>
    new S3Store(to, 'fleet', { ...env, ...change });
  const backUp = (store: S3Store, change: Partial<BackupOptions> = {}) =>
    takeBackup({
      plan: fleet.plan,
      credentials: TEST_CREDENTIALS,
      store,
      key: undefined,
      fromMaster: true,
      rateMb: 0,
      reporter: SILENT,
      signal: never,
      ...change,
    });

  test('comes back byte for byte; the oldest go', async () => {
    const store = storeAt();
    assert.deepEqual(await store.ids(), []);
    const ids = [(await backUp(store)).id, (await backUp(store)).id];
    assert.deepEqual(await store.ids(), ids);
    const manifest = openManifest(await readText(store, ids[1], 'manifest.json'), undefined, '');
    assert.ok(manifest.shards[0].bytes > 16 * 1024 * 1024);
    await checkBackup({ store, manifest, where: store.where, key: undefined }, SILENT, never);
    assert.deepEqual(await retain(store, 1), [ids[0]]);
    assert.deepEqual(await store.ids(), [ids[1]]);
    await assert.rejects(readText(store, ids[0], 'shard-1.rdb'), /cannot be read: it is not there/);
  });

  test('that is interrupted is none, and those before stay', async () => {
    const store = storeAt();
    const before = await store.ids();
    const controller = new AbortController();
    const reporter = {
      ...SILENT,
      step: (name: string, work: Parameters<typeof SILENT.step>[1]) =>
        work({
          progress: () => void (name.endsWith('shard-2') && controller.abort()),
          outcome: () => undefined,
        }),
    } as typeof SILENT;
    await assert.rejects(backUp(store, { signal: controller.signal, reporter }), /interrupted; nothing/);
    assert.deepEqual(await store.ids(), before);
  });

  test('does not begin with wrong credentials, without a bucket or an answer; those before stay', async () => {
    const before = await storeAt().ids();
    assert.equal(before.length, 1);
    const refused = (store: S3Store, message: RegExp) =>
      assert.rejects(backUp(store), (error: Error & { exitCode?: number; where?: string }) => {
        assert.match(error.message, message);
        assert.equal(error.exitCode, 1);
        assert.match(error.where ?? '', /^s3:\/\//);
        return true;
      });
    await refused(
      storeAt({ AWS_ACCESS_KEY_ID: 'NOBODY' }),
      /does not accept these credentials \(InvalidAccessKeyId\)/,
    );
    await refused(storeAt({}, 's3://nothing-here/x'), /there is no such bucket/);
    await refused(storeAt({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }), /the store does not answer \(/);
    assert.throws(() => storeAt({ AWS_SECRET_ACCESS_KEY: '' }), /AWS_SECRET_ACCESS_KEY must say/);
    assert.throws(() => storeAt({}, 's3://'), /this is no address of a bucket/);
    assert.deepEqual(await storeAt().ids(), before);
  });

  test('in a store that is full ends at once, and says so', async () => {
    const asked: string[] = [];
    const full: Server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.setHeader('content-type', 'application/xml');
      request.resume();
      if (request.method === 'GET')
        response.end('<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>');
      else if (request.method === 'POST')
        response.end(
          '<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>',
        );
      else if (request.method === 'DELETE') response.writeHead(204).end();
      else
        response.writeHead(507).end('<Error><Code>XMinioStorageFull</Code><Message>full</Message></Error>');
    });
    await new Promise<void>((resolve) => full.listen(0, '127.0.0.1', resolve));
    const { port } = full.address() as AddressInfo;
    try {
      const store = storeAt({ AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` });
      await assert.rejects(backUp(store), /the store is full \(XMinioStorageFull\)/);
      assert.equal(asked.filter((each) => each.startsWith('PUT')).length, 1);
      assert.ok(
        asked.some((each) => /^DELETE .*uploadId=u1/.test(each)),
        'parts are not left to be paid for',
      );
    } finally {
      full.closeAllConnections();
      full.close();
    }
  });
});
