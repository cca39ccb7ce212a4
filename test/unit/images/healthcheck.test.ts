import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { freePort } from '../../../scripts/loopback-ports.ts';
import { renderNutcrackerYml } from '../../../scripts/render/nutcracker-yml.ts';
import { renderRedisFiles, renderSentinelFiles } from '../../../sentinel/files.ts';
import { defaultPlan, inTemporaryFolder, TEST_CREDENTIALS } from '../../support/stack-fixture.ts';

const plan = defaultPlan();

interface Health {
  readonly exitCode: number | undefined;
  readonly text: string;
}

/** A server that gives one fixed answer to each line whose first word is in `answers`; silent on others. */
async function withServer(
  answers: Record<string, string>,
  use: (port: number) => Promise<void>,
): Promise<void> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      for (const word of data.toString().match(/AUTH|PING/g) ?? []) {
        if (answers[word] !== undefined) socket.write(`${answers[word]}\r\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

async function check(image: string, files: Record<string, string>): Promise<Health> {
  return await inTemporaryFolder(async (folder) => {
    mkdirSync(join(folder, 'run'));
    writeFileSync(join(folder, 'run', 'decision'), 'waiting: the reason\n');
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const { exitCode, stdout } = await execa('bash', [`${image}/image/healthcheck`], {
      reject: false,
      env: {
        TWEMSTACK_SEED: folder,
        TWEMSTACK_RUN: join(folder, 'run'),
        TWEMSTACK_LIB: `${image}/image/lib`,
      },
    });
    return { exitCode, text: stdout };
  });
}

const redisBeside =
  (guard: Record<string, string>) =>
  async (port: number): Promise<Health> => {
    let health: Health | undefined;
    await withServer(guard, async (guardPort) => {
      const member = { ...plan.shards[0].initialMaster, address: '127.0.0.1', port, guardPort };
      health = await check('sentinel', contents(renderRedisFiles(plan, member, TEST_CREDENTIALS)));
    });
    return health ?? assert.fail();
  };
const redis = redisBeside({ PING: '+PONG' });
const sentinel = (port: number): Promise<Health> => {
  const member = { ...plan.sentinels[0], address: '127.0.0.1', port };
  return check('sentinel', contents(renderSentinelFiles(plan, member, TEST_CREDENTIALS)));
};
const proxy = (port: number): Promise<Health> => {
  const pools = plan.pools.map((pool) => ({ ...pool, listen: port }));
  return check('proxy', { 'nutcracker.yml': renderNutcrackerYml({ ...plan, pools }) });
};
const contents = (files: readonly { name: string; content: string }[]): Record<string, string> =>
  Object.fromEntries(files.map(({ name, content }) => [name, content]));

type Row = readonly [
  title: string,
  ask: (port: number) => Promise<Health>,
  answers: Record<string, string>,
  exitCode: number,
];

const TABLE: readonly Row[] = [
  ['redis that serves', redis, { AUTH: '+OK', PING: '+PONG' }, 0],
  [
    'redis that loads its data',
    redis,
    { AUTH: '+OK', PING: '-LOADING Redis is loading the dataset in memory' },
    1,
  ],
  [
    'redis with a newer password',
    redis,
    { AUTH: '-WRONGPASS no', PING: '-NOAUTH Authentication required.' },
    0,
  ],
  ['a replica without its master', redis, { AUTH: '+OK', PING: '-MASTERDOWN Link with MASTER is down' }, 0],
  ['redis that hangs', redis, {}, 1],
  ['redis whose guard hangs', redisBeside({}), { AUTH: '+OK', PING: '+PONG' }, 1],
  ['a sentinel', sentinel, { PING: '-NOAUTH Authentication required.' }, 0],
  ['a sentinel that hangs', sentinel, {}, 1],
  ['a proxy that wants a password', proxy, { PING: '-NOAUTH Authentication required.' }, 0],
  ['a proxy without one', proxy, { PING: '+PONG' }, 0],
  ['a proxy whose shards are all gone', proxy, { PING: '-ERR no shard' }, 1],
  ['a proxy that hangs', proxy, {}, 1],
];

describe('healthchecks of the images', { concurrency: true }, () => {
  for (const [title, ask, answers, expected] of TABLE) {
    test(`${title}: ${expected === 0 ? 'healthy' : 'unhealthy'}`, async () => {
      await withServer(answers, async (port) => {
        const { exitCode, text } = await ask(port);
        assert.equal(exitCode, expected, text);
        assert.ok(text.length > 0, 'says nothing');
        for (const password of Object.values(TEST_CREDENTIALS)) assert.ok(!text.includes(password));
      });
    });
  }

  test('while redis has not started, the reason is that of the entrypoint', async () => {
    const { exitCode, text } = await redis(await freePort());
    assert.equal(exitCode, 1);
    assert.match(text, /nothing listens on 127\.0\.0\.1:\d+; last decision: waiting: the reason/);
  });
});
