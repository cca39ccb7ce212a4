import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { DrillDocument } from '../../scripts/drill/report/document.ts';
import type { RoundReport } from '../../scripts/drill/report/round.ts';
import type { AttackDocument } from '../../tools/attack/report.ts';
import { type StackRun, startStackRun } from '../support/stack-run.ts';
import { waitUntil } from '../support/wait-until.ts';
import { parse } from './json-output.ts';

/**
 * One round each of the drills that tell most, on one stack. What must never happen is held to the letter; times are
 * given room, because the tests share two cores with whatever else runs (`npm run drill:all` holds those to the letter).
 */
const ROOM = 4;

describe('drills on a real stack', () => {
  let stack: StackRun;

  before(async () => {
    stack = await startStackRun();
    const up = await stack.twemstack('up');
    assert.equal(up.exitCode, 0, up.stderr);
  });
  after(async () => {
    await stack?.end();
  });

  async function drill(...args: string[]): Promise<RoundReport> {
    const result = await stack.twemstack('drill', ...args, '--json');
    assert.ok((result.exitCode === 0 || result.exitCode === 1) && result.stdout !== '', result.stderr);
    const [round] = parse<DrillDocument>(result.stdout).rounds;
    assert.equal(round.problem, null);
    for (const { promise, unit, limit, seen } of round.promises) {
      const room = unit === 'ms' ? ROOM : 1;
      assert.ok(
        seen !== null && seen <= limit * room,
        `${promise}: ${seen}, promised ${limit}\n${result.stderr}`,
      );
    }
    assert.ok((round.verdict?.acknowledged ?? 0) > 300, 'the load did not get going');
    return round;
  }

  const told = (round: RoundReport, match: (event: RoundReport['timeline'][number]) => boolean): boolean =>
    round.timeline.some(match);

  test('an unknown drill is answered with the list of the known ones', async () => {
    const result = await stack.twemstack('drill', 'unplug');
    assert.equal(result.exitCode, 2);
    assert.match(result.stderr, /hang-master: .*\n(.*\n)*.*kill-domain: /);
  });

  test('so is an unknown shard with the shards that there are', async () => {
    for (const words of [
      ['drill', 'kill-master', '--shard', 'shard-9'],
      ['switchover', 'shard-9'],
    ]) {
      const result = await stack.twemstack(...words);
      assert.equal(result.exitCode, 2);
      assert.match(result.stderr, /there is no shard "shard-9"\n(.*\n)*.*the shards are shard-1/);
    }
  });

  test('a report that cannot be written is said before anything is broken', async () => {
    const result = await stack.twemstack(
      'drill',
      'kill-proxy',
      '--html',
      join(stack.home.root, 'no/where.html'),
    );
    assert.equal(result.exitCode, 2);
    assert.match(result.stderr, /the report cannot be written: .*where\.html/);
  });

  test('an engine that also runs what is not ours is not restarted, exit 3', async () => {
    const { docker } = stack.engine;
    const { Config } = await docker.getContainer('proof-shard-1-a').inspect();
    const [Image, Entrypoint] = [Config.Image, ['sleep', '600']];
    const stranger = await docker.createContainer({ name: 'stranger', Image, Entrypoint });
    try {
      await stranger.start();
      const result = await stack.twemstack('drill', 'restart-engine');
      assert.equal(result.exitCode, 3, result.stderr);
      assert.match(result.stderr, /drill restart-engine cannot run here: .*: stranger/);
    } finally {
      await stranger.remove({ force: true });
    }
  });

  test('switchover: another member is master, and nobody saw an error', async () => {
    const round = await drill('switchover');
    assert.deepEqual(round.errors, []);
    assert.equal(round.verdict?.unknown, 0);
    assert.ok(
      told(
        round,
        ({ source, event, text }) => source === round.members[1] && event === 'role' && text === 'master',
      ),
    );
  });

  test('switchover back to a named member, from the command line; to itself it is refused', async () => {
    const member = stack.plan.shards[0].initialMaster.name;
    const back = await stack.twemstack('switchover', 'shard-1', '--to', member, '--json');
    assert.equal(back.exitCode, 0, back.stderr);
    assert.equal(parse<{ to: string }>(back.stdout).to, member);
    const again = await stack.twemstack('switchover', 'shard-1', '--to', member);
    assert.equal(again.exitCode, 1);
    assert.match(again.stderr, /is the master of shard-1 already/);
  });

  test('hang-master: a zombie that comes back costs no acknowledged write', async () => {
    const round = await drill('hang-master');
    const [zombie] = round.members;
    assert.ok(
      told(
        round,
        ({ at, source, event, text }) =>
          at > 0 && source === zombie && event === 'role' && text === 'replica',
      ),
    );
    assert.deepEqual(round.differingReplicas, []);
  });

  test('disk-full: a master that cannot write its log is replaced, and the application hears nothing of that', async () => {
    const round = await drill('disk-full');
    // what was under way as the master changed may be of unknown outcome, once a connection, as the promises say
    const heard = round.errors.filter(
      ({ error }) => !/outcome of this write is unknown|not confirmed|connection was lost/.test(error),
    );
    assert.deepEqual(heard, []);
    // one that waits in BLPOP is told so by its connection's end, where the new master was named before the old one had stepped down
    const cut = round.connections.flatMap(({ connection, reconnects }) => (reconnects > 0 ? connection : []));
    assert.deepEqual(
      cut.filter((connection) => !connection.endsWith('/b0')),
      [],
    );
    assert.ok((round.milestones.promoted ?? 0) > 0);
    assert.deepEqual(round.differingReplicas, []);
  });

  test('kill-edge: the other edge holds the VIP, and there were never two', async () => {
    const page = join(stack.home.root, 'report.html');
    const round = await drill('kill-edge', '--html', page);
    const holders = round.vip?.spans.map(({ holders: names }) => names.join()).filter(Boolean) ?? [];
    assert.equal(holders[0], round.members[0]);
    assert.notEqual(holders.at(-1), round.members[0]);
    assert.ok((round.milestones.vipMoved ?? 0) > 0);
    assert.match(readFileSync(page, 'utf8'), /aria-label="kill-edge, round 1: /);
  });

  test('kill-domain: everything of one domain at once', async () => {
    const round = await drill('kill-domain');
    assert.ok(round.members.length >= 4, round.members.join());
    assert.equal((await stack.twemstack('status')).exitCode, 0);
  });

  test('partition-replicas: writes that nobody else would have are refused, until the replicas are back', async () => {
    const round = await drill('partition-replicas');
    const refused = round.errors.map(({ error }) => error).join('\n');
    assert.match(refused, /NOREPLICAS|not confirmed by replicas/);
    assert.deepEqual(round.differingReplicas, []);
  });

  test('rolling-upgrade: every container is replaced under load, without an error for who connects again', async () => {
    const ids = async (): Promise<string[]> =>
      (await stack.engine.docker.listContainers()).map(({ Id }) => Id).sort();
    const before = await ids();
    const round = await drill('rolling-upgrade');
    assert.deepEqual(round.errors, []);
    const after = await ids();
    assert.equal(after.length, before.length);
    assert.deepEqual(
      after.filter((id) => before.includes(id)),
      [],
    );
  });

  test('nemesis: a script is done as it is written, nothing is lost, and all is whole again by itself', async () => {
    const script =
      '0 cut shard-1.master>sentinel.1 proxy.1<>shard-2.master; 700 freeze shard-2.replica-1 900; 1500 mend; 2000 end';
    const round = await drill('nemesis', '--replay', script);
    assert.equal(round.script, script);
    assert.deepEqual(round.verdict?.lost, []);
    assert.ok(
      told(round, ({ source, event, text }) => source === 'drill' && event === 'fault' && /^cut /.test(text)),
    );
    const refused = await stack.twemstack(
      'drill',
      'nemesis',
      '--replay',
      '0 cut shard-9.master>proxy.1; 1 end',
    );
    assert.match(
      refused.stderr,
      /there is no node "shard-9.master"\n(.*\n)*.*the nodes are shard-1.master, /,
    );
  });

  test('hostile clients: nobody is hit, nothing is got (the quick ones; `npm run attack` has all)', async () => {
    const result = await stack.run(
      process.execPath,
      '--import=tsx',
      'tools/attack/on-stack.ts',
      '--thin',
      '--room',
      `${ROOM}`,
      '--json',
    );
    const { attacks, problem } = parse<AttackDocument>(result.stdout);
    assert.equal(problem, null);
    assert.deepEqual(
      attacks.filter(({ succeeded }) => succeeded.length > 0),
      [],
    );
    assert.ok(attacks.length > 5);
  });

  test('interrupted: the fault is taken back, and the report so far is printed and says so', async () => {
    const running = stack.start('drill', 'hang-master', '--rounds', '3', '--json');
    const frozen = async (): Promise<boolean> => {
      const all = await stack.engine.docker.listContainers({ filters: { status: ['paused'] } });
      return all.length > 0;
    };
    await waitUntil('the master to be frozen', frozen, { withinMs: 60_000 });
    const second = await stack.twemstack('drill', 'kill-proxy');
    assert.equal(second.exitCode, 1);
    assert.match(second.stderr, /another drill of stack proof is running/);
    running.kill('SIGINT');
    const result = await running;
    assert.equal(result.exitCode, 1);
    const document = parse<DrillDocument>(String(result.stdout));
    assert.deepEqual([document.interrupted, document.rounds.length], [true, 1]);
    assert.equal(document.rounds[0].interrupted, true);
    assert.equal(await frozen(), false);
    await waitUntil('the stack to be whole', async () => (await stack.twemstack('status')).exitCode === 0, {
      withinMs: 60_000,
    });
  });

  test('killed outright: what it left frozen is named by status, and taken back by up', async () => {
    const frozen = async (): Promise<string[]> => {
      const all = await stack.engine.docker.listContainers({ filters: { status: ['paused'] } });
      return all.map(({ Names }) => Names[0].slice(1));
    };
    const running = stack.start('drill', 'hang-master');
    await waitUntil('the master to be frozen', async () => (await frozen()).length > 0, { withinMs: 60_000 });
    running.kill('SIGKILL');
    await running;
    const [member] = await frozen();
    const status = await stack.twemstack('status');
    assert.equal(status.exitCode, 1);
    const left = `drill hang-master, .* was cut off and left this: ${member} is frozen`;
    assert.match(status.stdout, new RegExp(`degraded: .*${left}`));
    const up = await stack.twemstack('up');
    assert.equal(up.exitCode, 0, up.stderr);
    assert.match(up.stderr, new RegExp(`${left}; taken back`));
    assert.deepEqual(await frozen(), []);
    assert.equal((await stack.twemstack('status')).exitCode, 0);
  });

  test('a member that somebody else froze is named by up at once, and left to them', async () => {
    const { docker } = stack.engine;
    const { name } = stack.plan.proxies[0];
    await docker.getContainer(name).pause();
    const up = await stack.twemstack('up');
    assert.equal(up.exitCode, 1, up.stderr);
    assert.match(up.stderr, new RegExp(`${name} is frozen, and no drill[\\s\\S]*docker unpause ${name}`));
    await docker.getContainer(name).unpause();
    await waitUntil('the stack to be whole', async () => (await stack.twemstack('status')).exitCode === 0, {
      withinMs: 60_000,
    });
  });

  test('on a stack that is not whole, a drill and a switchover are refused with what is missing', async () => {
    const [replica] = stack.plan.shards[0].members.slice(-1);
    await stack.engine.docker.getContainer(replica.name).stop();
    const refused = await stack.twemstack('drill', 'kill-proxy');
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, new RegExp(`${replica.name}: container is exited`));
    const upgrade = await stack.twemstack('upgrade', '--dry-run');
    assert.equal(upgrade.exitCode, 1);
    assert.match(upgrade.stderr, new RegExp(`not whole.*\\n.*${replica.name}: container is exited`));
    const behind = await stack.twemstack('switchover', 'shard-1', '--to', replica.name);
    assert.equal(behind.exitCode, 1);
    assert.match(behind.stderr, /does not answer|is the master/);
  });
});
