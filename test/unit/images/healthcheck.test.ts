import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { freePort } from '../../../scripts/loopback-ports.ts';
import { renderNutcrackerYml } from '../../../scripts/render/nutcracker-yml.ts';
import { renderRedisFiles, renderSentinelFiles } from '../../../sentinel/files.ts';
import { spawnDaemon } from '../../support/spawn-daemon.ts';
import { defaultPlan, inTemporaryFolder, TEST_CREDENTIALS } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

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

/** @param looks how often in a row; the last one counts @param run what lies in the member's run folder */
async function check(
  image: string,
  files: Record<string, string>,
  looks = 1,
  run: Record<string, string> = {},
  onLooked: () => void = () => undefined,
): Promise<Health> {
  return await inTemporaryFolder(async (folder) => {
    mkdirSync(join(folder, 'run'));
    writeFileSync(join(folder, 'run', 'decision'), 'waiting: the reason\n');
    for (const [name, content] of Object.entries(run)) writeFileSync(join(folder, 'run', name), content);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    let health: Health | undefined;
    for (let look = 0; look < looks; look++) {
      const { exitCode, stdout } = await execa('bash', [`${image}/image/healthcheck`], {
        reject: false,
        env: {
          TWEMSTACK_SEED: folder,
          TWEMSTACK_RUN: join(folder, 'run'),
          TWEMSTACK_LIB: `${image}/image/lib`,
        },
      });
      health = { exitCode, text: stdout };
      onLooked();
    }
    return health ?? assert.fail();
  });
}

type Look = (
  port: number,
  looks?: number,
  run?: Record<string, string>,
  onLooked?: () => void,
) => Promise<Health>;

const redisBeside =
  (guard: Record<string, string>): Look =>
  async (port, ...more) => {
    let health: Health | undefined;
    await withServer(guard, async (guardPort) => {
      const member = { ...plan.shards[0].initialMaster, address: '127.0.0.1', port, guardPort };
      health = await check('sentinel', contents(renderRedisFiles(plan, member, TEST_CREDENTIALS)), ...more);
    });
    return health ?? assert.fail();
  };
const redis = redisBeside({ PING: '+PONG' });
const sentinel: Look = (port, ...more) => {
  const member = { ...plan.sentinels[0], address: '127.0.0.1', port };
  return check('sentinel', contents(renderSentinelFiles(plan, member, TEST_CREDENTIALS)), ...more);
};
const proxy: Look = (port, ...more) => {
  const pools = plan.pools.map((pool) => ({ ...pool, listen: port }));
  return check('proxy', { 'nutcracker.yml': renderNutcrackerYml({ ...plan, pools }) }, ...more);
};
const contents = (files: readonly { name: string; content: string }[]): Record<string, string> =>
  Object.fromEntries(files.map(({ name, content }) => [name, content]));

type Row = readonly [title: string, ask: Look, answers: Record<string, string>, exitCode: number];

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

/** Apart from those above: half of this is waiting for what does not come. */
describe('what hangs is ended by its healthcheck', { concurrency: true }, () => {
  for (const [program, look, answers] of [
    ['guard', redisBeside({}), { AUTH: '+OK', PING: '+PONG' }],
    ['sentinel', sentinel, {}],
    ['nutcracker', proxy, {}],
  ] as const) {
    test(`a ${program} that has hung for four looks is ended, to be started again`, async () => {
      await withServer(answers, async (port) => {
        const daemon = await spawnDaemon('sleep', ['600']);
        try {
          const run = { [`${program}.pid`]: `${daemon.pid}\n`, [`${program}.silent`]: '2\n' };
          const ended: unknown[] = [];
          const hung = await look(port, 2, run, () => ended.push(daemon.ended()));
          assert.equal(hung.exitCode, 1);
          assert.equal(ended[0], undefined, 'at the third look');
          assert.match(hung.text, /look 4: it was ended, to start again/);
          await waitUntil('it to be gone', () => daemon.ended() === 'SIGKILL');
        } finally {
          await daemon.stop();
        }
      });
    });
  }

  test('one that answered in between has not hung for so many looks in a row', async () => {
    const answers: Record<string, string> = { PING: '-NOAUTH Authentication required.' };
    await withServer(answers, async (port) => {
      const daemon = await spawnDaemon('sleep', ['600']);
      try {
        const run = { 'sentinel.pid': `${daemon.pid}\n`, 'sentinel.silent': '3\n' };
        const member = { ...plan.sentinels[0], address: '127.0.0.1', port };
        const files = contents(renderSentinelFiles(plan, member, TEST_CREDENTIALS));
        const health = await check('sentinel', files, 2, run, () => delete answers.PING);
        assert.equal(health.exitCode, 1);
        assert.equal(daemon.ended(), undefined);
      } finally {
        await daemon.stop();
      }
    });
  });
});
