import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { findDataEdit } from '../../../scripts/data/data-edit.ts';
import { routingOf } from '../../../scripts/data/key-moves.ts';
import { formerRouting, recordRouting } from '../../../scripts/data/routing-record.ts';
import { renderNutcrackerYml } from '../../../scripts/render/nutcracker-yml.ts';
import { Home } from '../../../scripts/stack/home.ts';
import { hostsPlanOf, inTemporaryFolder, planOf, THREE_HOSTS } from '../../support/stack-fixture.ts';

const HEAD = 'name: alpha\nvip: 198.18.0.100\n';
const fileOf = (shards: number): string => renderNutcrackerYml(planOf(`${HEAD}shards: ${shards}`));

/** An engine with one proxy for each pool file, running or not, and these data volumes: name -> stack. */
function engineOf(poolFiles: readonly string[], volumes: Readonly<Record<string, string>> = {}): Docker {
  const containers = poolFiles.map((_, index) => ({ Id: `proxy-${index}` }));
  return {
    listContainers: async () => containers,
    listVolumes: async () => ({
      Volumes: Object.entries(volumes).map(([Name, stack]) => ({
        Name,
        Labels: { 'twemstack.stack': stack },
      })),
    }),
    getContainer: (id: string) => ({
      inspect: async () => ({
        Id: id,
        Name: `/${id}`,
        Created: '2026-01-01',
        RestartCount: 0,
        State: { Status: 'exited', StartedAt: '2026-01-01', ExitCode: 0, OOMKilled: false },
        Config: { Image: 'x', Labels: { 'twemstack.role': 'proxy' } },
        NetworkSettings: { Networks: {} },
      }),
      getArchive: async () => {
        const archive = pack();
        archive.entry({ name: 'nutcracker.yml' }, poolFiles[Number(id.split('-')[1])]);
        archive.finalize();
        return archive;
      },
    }),
  } as unknown as Docker;
}

/** What is taken for the routing in force, as a number of shards; undefined when nobody knows. */
function former(record: number | undefined, poolFiles?: readonly string[]): Promise<number | undefined> {
  return inTemporaryFolder(async (root) => {
    const home = new Home(root);
    if (record !== undefined) recordRouting(home, 'alpha', fileOf(record));
    const engine = poolFiles === undefined ? undefined : engineOf(poolFiles);
    const found = await formerRouting(home, 'alpha', engine);
    return [1, 2, 3].find((shards) => routingOf(fileOf(shards)) === found?.text);
  });
}

describe('where keys lived until now', () => {
  test('is what the proxies go by when they agree, whatever was written down', async () => {
    assert.equal(await former(1, [fileOf(2), fileOf(2)]), 2);
    assert.equal(await former(undefined, [fileOf(2)]), 2);
  });

  test('is one on several hosts, where each proxy listens on an address of its own', async () => {
    const files = hostsPlanOf(THREE_HOSTS).proxies.map((proxy, _, { length }) => {
      assert.equal(length, 3);
      return renderNutcrackerYml(hostsPlanOf(THREE_HOSTS), proxy);
    });
    await inTemporaryFolder(async (root) => {
      const home = new Home(root);
      recordRouting(home, 'alpha', fileOf(1));
      assert.equal((await formerRouting(home, 'alpha', engineOf(files)))?.source, 'what the proxies go by');
    });
  });

  test('is what was written down when no proxy stands, or when they were left in two minds', async () => {
    assert.equal(await former(3, []), 3);
    assert.equal(await former(3, undefined), 3);
    assert.equal(await former(3, [fileOf(2), fileOf(3)]), 3);
  });

  test('is what one proxy goes by when nothing was written down', async () => {
    assert.equal(await former(undefined, [fileOf(2), fileOf(3)]), 2);
    assert.equal(await former(undefined, [fileOf(2), 'half: {']), 2);
  });

  test('is not known when nobody says anything, and that is said when there is data', async () => {
    assert.equal(await former(undefined, []), undefined);
    await inTemporaryFolder(async (root) => {
      const engine = engineOf([], { 'alpha-shard-1-a-data': 'alpha' });
      const step = { progress: () => undefined };
      const options = { home: new Home(root), plan: planOf(HEAD), credentials: undefined, engine, step };
      const { notes } = await findDataEdit(options);
      assert.match(notes.join(), /how the keys of alpha were spread until now is not known here/);
    });
  });
});

test('keys in databases that a pool gives up: while no member says that there are none, the edit is refused', async () => {
  await inTemporaryFolder(async (root) => {
    const engine = engineOf([fileOf(1)], { 'alpha-shard-1-a-data': 'alpha' });
    const step = { progress: () => undefined };
    const editFor = (more: string) => {
      const plan = planOf(`${HEAD}shards: 1\n${more}`);
      return findDataEdit({ home: new Home(root), plan, credentials: undefined, engine, step });
    };
    assert.deepEqual((await editFor('pools: { alpha: { databases: 16 } }')).outOfReach, []);
    const { moves, outOfReach } = await editFor('pools: { alpha: { databases: 14 } }');
    assert.deepEqual(moves, []);
    assert.deepEqual(outOfReach, [
      { pool: 'alpha', database: 14, keys: undefined },
      { pool: 'alpha', database: 15, keys: undefined },
    ]);
  });
});

test('a stack that was renamed is told what stays under its old name; a stranger’s is nobody’s business', async () => {
  await inTemporaryFolder(async (root) => {
    const home = new Home(root);
    home.privateDir(home.stack('alpha'));
    const engine = engineOf([], { 'alpha-shard-1-a-data': 'alpha', 'gamma-shard-1-a-data': 'gamma' });
    const plan = planOf('name: beta\nvip: 198.18.0.100\n');
    const step = { progress: () => undefined };
    const edit = await findDataEdit({ home, plan, credentials: undefined, engine, step });
    assert.deepEqual(edit.surplus, []);
    assert.equal(edit.notes.length, 1);
    assert.match(
      edit.notes[0],
      /stack "alpha", deployed from here before, has 1 data volumes on this engine: they stay/,
    );
  });
});
