import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { eventOf } from '../../../scripts/logs/events.ts';
import { parseLine } from '../../../scripts/logs/formats/parse-line.ts';
import { closeCommand } from '../../../scripts/rollout/haproxy-admin.ts';
import type { EdgeMember } from '../../../topology/types.ts';
import { CLIENT, EdgePair } from '../../support/edge-pair.ts';
import { EDGE_PROXY_PASSWORD } from '../../support/edge-proxy.ts';
import { forge } from '../../support/forged-advert.ts';
import { lintMetrics } from '../../support/promtool.ts';
import { tcp4 } from '../../support/proxy-header.ts';
import { killAll, signalAll } from '../../support/signal-all.ts';
import { spawnDaemon } from '../../support/spawn-daemon.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** Longer than it takes until an edge whose HAProxy hangs gives the VIP up. */
const HUNG_IS_FOUND_MS = 2000;

/** VRRP advertisements every 0.3 s: a silent edge is missed after 1.2 s at most, one that says goodbye at once. */
describe('the VIP is with an edge that serves', { timeout: 120_000 }, () => {
  let pair: EdgePair;

  before(async () => {
    pair = await EdgePair.create(
      'edge: { max_connections: 16, max_connections_per_source: 12 }\nmonitoring: on\n',
    );
    for (const edge of pair.plan.edges) await pair.start(edge);
  });
  afterEach(async () => {
    for (const edge of pair.plan.edges) if (pair.daemon(edge).ended() !== undefined) await pair.start(edge);
    await pair.serving();
  });
  after(() => pair.close());

  const states = (edge: EdgeMember): string[] =>
    [
      ...pair
        .daemon(edge)
        .output()
        .matchAll(/^twemstack-vrrp \d{13} (\w+)$/gm),
    ].map(([, state]) => state);
  const ended = (edge: EdgeMember) =>
    waitUntil('the edge to end', () => pair.daemon(edge).ended() !== undefined);

  test('exactly one of two holds it, and both are healthy', async () => {
    const { holder } = await pair.serving();
    assert.equal(states(holder).at(-1), 'MASTER');
    for (const edge of pair.plan.edges) {
      const { exitCode, stdout } = await pair.health(edge);
      assert.equal(exitCode, 0, stdout);
      assert.match(
        stdout,
        edge.name === holder.name ? /VRRP MASTER; alpha: \d+ of 16 / : /VRRP BACKUP; alpha: 0 of 16 /,
      );
    }
  });

  test('monitors are told which edge holds it, by the kernel’s word, and what keepalived says', async () => {
    const { holder } = await pair.serving();
    for (const edge of pair.plan.edges) {
      const text = await pair.opsPage(edge, '/vrrp');
      const holds = edge.name === holder.name;
      assert.match(text, new RegExp(`^twemstack_edge_vip_held ${holds ? 1 : 0}$`, 'm'));
      assert.match(
        text,
        new RegExp(`^twemstack_edge_vrrp_state{state="${holds ? 'master' : 'backup'}"} 1$`, 'm'),
      );
      assert.equal(text.match(/^twemstack_edge_vrrp_state.* 1$/gm)?.length, 1);
      assert.equal(await lintMetrics(`${text}\n`), '');
    }
    assert.match(
      await pair.opsPage(holder, '/metrics'),
      /^haproxy_backend_active_servers\{proxy="proxies-alpha"\} 3$/m,
    );
  });

  test('stopped: it moves within 1 s, and the edge ends cleanly', async () => {
    const { holder } = await pair.serving();
    pair.daemon(holder).signal('SIGTERM');
    const { afterMs } = await pair.serving(holder);
    assert.ok(afterMs < 1000, `${afterMs} ms`);
    await ended(holder);
    assert.equal(pair.daemon(holder).ended(), 0);
  });

  test('HAProxy killed: it moves within 1 s, and the edge ends with 1 so that it is restarted', async () => {
    const { holder } = await pair.serving();
    const [, worker] = await pair.pids(holder, 'haproxy');
    process.kill(worker, 'SIGKILL');
    const { afterMs } = await pair.serving(holder);
    assert.ok(afterMs < 1000, `${afterMs} ms`);
    await ended(holder);
    assert.equal(pair.daemon(holder).ended(), 1);
    assert.match(pair.daemon(holder).output(), /HAProxy ended; giving the VIP up/);
  });

  test('HAProxy hung for a moment: it moves within 3 s, and does not come back by itself', async () => {
    const { holder } = await pair.serving();
    const [, worker] = await pair.pids(holder, 'haproxy');
    process.kill(worker, 'SIGSTOP');
    const { holder: successor, afterMs } = await pair.serving(holder);
    process.kill(worker, 'SIGCONT');
    assert.ok(afterMs < 3000, `${afterMs} ms`);
    assert.equal(states(holder).at(-1), 'FAULT');
    await waitUntil('the edge to be well again', () => states(holder).at(-1) === 'BACKUP');
    assert.equal((await pair.serving()).holder.name, successor.name);
  });

  test('HAProxy hung for good: the edge ends with 1, so that a fresh one takes its place', async () => {
    const { holder } = await pair.serving();
    const [, worker] = await pair.pids(holder, 'haproxy');
    process.kill(worker, 'SIGSTOP');
    await waitUntil('the edge to be in fault', () => states(holder).at(-1) === 'FAULT');
    assert.notEqual((await pair.health(holder)).exitCode, 0);
    await waitUntil('the edge to end', () => pair.daemon(holder).ended() !== undefined, { withinMs: 15_000 });
    assert.equal(pair.daemon(holder).ended(), 1);
    assert.match(pair.daemon(holder).output(), /HAProxy hangs; ending/);
    // In a container it ends with its first process.
    process.kill(worker, 'SIGKILL');
  });

  test('keepalived killed: the edge ends, and serves again once restarted', async () => {
    const { holder } = await pair.serving();
    process.kill((await pair.pids(holder, 'keepalived'))[0], 'SIGKILL');
    await ended(holder);
    // In a container the namespace, and the address with it, ends too; here the restart has to take it away.
    await pair.start(holder);
    await pair.serving();
  });

  for (const [which, choose] of [
    ['as a whole', (pids: number[]) => pids],
    ['its VRRP process', (pids: number[]) => pids.slice(1)],
    ['its parent process', (pids: number[]) => pids.slice(0, 1)],
  ] as const)
    test(`keepalived hung, ${which}: one holder again within 3 s, and the edge ends with 1`, async () => {
      const { holder } = await pair.serving();
      for (const pid of choose(await pair.pids(holder, 'keepalived'))) process.kill(pid, 'SIGSTOP');
      const { afterMs } = await pair.serving(holder, 10_000);
      assert.ok(afterMs < 3000, `${afterMs} ms`);
      await ended(holder);
      assert.equal(pair.daemon(holder).ended(), 1);
      assert.match(pair.daemon(holder).output(), /keepalived hangs; ending/);
      assert.deepEqual(await pair.pids(holder, 'keepalived'), [], 'nothing is left that could be thawed');
    });

  test('VRRP process killed: the edge gives up the VIP that it left behind, and what it says of its state', async () => {
    const { holder } = await pair.serving();
    const [, vrrp] = await pair.pids(holder, 'keepalived');
    process.kill(vrrp, 'SIGKILL');
    const { afterMs } = await pair.serving(holder);
    assert.ok(afterMs < 3000, `${afterMs} ms`);
    await ended(holder);
    assert.equal(pair.daemon(holder).ended(), 1);
    await pair.start(holder);
    const { stdout } = await pair.health(holder);
    assert.match(stdout, /VRRP BACKUP/);
  });

  test('all of an edge frozen: the VIP leaves it by itself, and it is a standby once thawed', async () => {
    const { holder } = await pair.serving();
    const frozen = await pair.processes(holder);
    signalAll(frozen, 'SIGSTOP');
    try {
      await pair.serving(holder);
    } finally {
      signalAll(frozen, 'SIGCONT');
    }
    await waitUntil(
      'the thawed edge to be heard of again',
      () => states(holder).at(-1) === 'BACKUP' || pair.daemon(holder).ended() !== undefined,
    );
  });

  test('a VIP left behind is taken off before HAProxy serves', async () => {
    const { holder } = await pair.serving();
    const all = await pair.processes(holder);
    // At once: keepalived's VRRP process is told when its parent is gone, and would take the VIP off itself.
    killAll(all);
    await ended(holder);
    await pair.start(holder);
    const [first] = pair.daemon(holder).output().split('\n');
    assert.match(first, /took 198.18.0.100 off eth1/);
    await pair.serving();
  });

  test('HAProxy reads its configuration again without losing the VIP', async () => {
    const { holder } = await pair.serving();
    const [, before] = await pair.pids(holder, 'haproxy');
    pair.daemon(holder).signal('SIGHUP');
    await waitUntil('a new worker', async () => {
      const [, ...workers] = await pair.pids(holder, 'haproxy');
      return workers.length > 0 && !workers.includes(before);
    });
    assert.equal((await pair.serving()).holder.name, holder.name);
    assert.equal(states(holder).at(-1), 'MASTER');
  });

  test('the admin socket is root’s alone; the ops port answers', async () => {
    const [edge] = pair.plan.edges;
    assert.equal(statSync(pair.adminSocket(edge)).mode & 0o777, 0o600);
    assert.match(await pair.httpStatus(edge, '/healthz'), / 200 /);
    assert.match(await pair.httpStatus(edge, '/metrics'), / 200 /);
    assert.match(await pair.httpStatus(edge, '/stats'), / 200 /);
    assert.match(await pair.httpStatus(edge, '/other'), / 404 /);
  });

  test('closed for a move of the VIP, it says so, lets nobody in, and says when nobody, or who, is left', async () => {
    const { holder } = await pair.serving();
    const clients = await pair.connect(2);
    const begin = (patienceMs: number) => {
      const [program, ...words] = closeCommand(['pool-alpha'], patienceMs, pair.adminSocket(holder));
      return spawnDaemon(program, words, { ready: (output) => output.startsWith('closed\n') });
    };
    const patient = await begin(30_000);
    try {
      assert.equal(await pair.ask(), false);
      const hasty = await begin(200);
      await waitUntil('it to lose patience', () => hasty.ended() !== undefined);
      assert.equal(hasty.output(), 'closed\nleft 2\n');
      assert.equal(patient.ended(), undefined);
      await clients.leave();
      await waitUntil('it to be empty', () => patient.ended() !== undefined);
      assert.equal(patient.output(), 'closed\nleft 0\n');
    } finally {
      patient.signal('SIGKILL');
      const open = `printf 'enable frontend pool-alpha\\n' | socat STDIO UNIX-CONNECT:${pair.adminSocket(holder)}`;
      await execa('bash', ['-c', open]);
    }
  });

  test('from the front nobody takes part in the election, nor gets to the back, whatever packets he makes', async () => {
    const { holder } = await pair.serving();
    const [other] = pair.plan.edges.filter((edge) => edge !== holder);
    const { vip } = pair.plan;
    const { vrid } = pair.plan.edge;
    const targets = pair.plan.edges.flatMap(({ address, frontAddress }) => [address, frontAddress]);
    const sources = [...targets, pair.plan.back.gateway];
    const lies = [...targets, '224.0.0.18'].flatMap((target) =>
      sources.map((source) => ({ source, target, vip, vrid })),
    );
    let over = false;
    const lying = (async () => {
      while (!over) for (const edge of pair.plan.edges) await pair.asApplication(edge, forge(lies));
    })();
    try {
      await pair.keeps(holder, 2000);
      const opened = await pair.asApplication(holder, [
        ...['timeout', '2', 'bash', '-c'],
        `exec 3<>/dev/tcp/${holder.address}/${holder.opsPort} && echo open`,
      ]);
      assert.equal(opened.stdout, '', 'the ops port is open to the front');
    } finally {
      over = true;
      await lying;
    }
    // The same from the back, where only members are: it does what it says.
    const truth = forge([{ source: other.address, target: holder.address, vip, vrid }]);
    await waitUntil('the holder to believe it', async () => {
      await pair.onBack(truth);
      return states(holder).at(-1) === 'BACKUP';
    });
    await pair.serving();
  });

  test('a flood of adverts that a host has forwarded does not keep the holder from saying that it is there', async () => {
    const { holder } = await pair.serving();
    const [other] = pair.plan.edges.filter((edge) => edge !== holder);
    const { vip, edge } = pair.plan;
    const before = states(other).length;
    const lie = { source: other.address, target: holder.address, vip, vrid: edge.vrid, ttl: 254 };
    // far more often than the holder advertises, for as long as the other one waits for it twice over
    await pair.onBack(forge([lie], 50, 0.05));
    assert.deepEqual(states(other).slice(before), []);
    assert.equal(states(holder).at(-1), 'MASTER');
  });

  test('a proxy gone with its host, so that nothing refuses: newcomers are served within 0.6 s all the same', async () => {
    await pair.serving();
    const { address } = pair.plan.proxies[2];
    await pair.withoutAddress(address, async () => {
      for (let newcomer = 0; newcomer < 12; newcomer++) {
        const since = performance.now();
        // one is cut when the check fails while HAProxy still tries there; it comes again
        await waitUntil(`newcomer ${newcomer} to be served`, () => pair.ask(600), {
          withinMs: 600,
          everyMs: 0,
        });
        const took = performance.now() - since;
        assert.ok(took < 600, `newcomer ${newcomer}: ${Math.round(took)} ms`);
      }
    });
  });

  test('proxies see whose a connection is: in CLIENT LIST, in the log; and an application cannot say that it is another', async () => {
    await pair.serving();
    const login = `AUTH ${EDGE_PROXY_PASSWORD}\r\n`;
    const talk = () =>
      pair.talk(
        CLIENT,
        Buffer.from(`${login}CLIENT INFO\r\nCLIENT LIST\r\nQUIT\r\n`),
        Buffer.from('AUTH wrong\r\nQUIT\r\n'),
        Buffer.concat([tcp4('203.0.113.7:1'), Buffer.from(`${login}CLIENT INFO\r\nQUIT\r\n`)]),
      );
    // A health check of HAProxy is a client, too, for a moment.
    const [listed, wrong, forged] = await waitUntil('a list without a health check', async () => {
      const said = await talk();
      return !pair.plan.edges.some(({ address }) => said[0].includes(` addr=${address}:`)) && said;
    });
    // itself twice, and whoever else of it is there yet
    const shown = [...listed.matchAll(/ addr=(\S+):\d+ /g)].map(([, address]) => address);
    assert.ok(shown.length >= 2 && shown.every((address) => address === CLIENT), listed);
    assert.match(wrong, /^-WRONGPASS/);
    assert.match(
      forged,
      /^-ERR unknown command '[^\r]*\r\n\+OK\r\n$/,
      'a second header is garbage, with QUIT in it',
    );
    await waitUntil('the log to name the application', () =>
      pair.proxiesSaid().includes(`client ${CLIENT}:`),
    );
    assert.match(pair.proxiesSaid(), new RegExp(`client ${CLIENT}:\\d+ said a wrong password`));
    assert.doesNotMatch(pair.proxiesSaid(), /PROXY header|203\.0\.113/);
  });

  test('all connections taken by idle clients: newcomers are told so, everybody else is served as before', async () => {
    const { holder } = await pair.serving();
    const greedy = await pair.connect(12);
    const tooMany = await pair.connect(1);
    await waitUntil('one more of the same address to be refused', () => tooMany.heard().includes('closed'));
    assert.match(
      tooMany.heard()[0],
      /^-ERR max number of clients reached: edge.max_connections_per_source 12$/,
    );
    const others = await pair.connect(4, CLIENT);
    const newcomers = await pair.connect(3, CLIENT);
    await waitUntil('newcomers to be refused', () => newcomers.heard().length === 6);
    assert.equal(
      newcomers
        .heard()
        .filter((line) => line === '-ERR max number of clients reached: edge.max_connections 16').length,
      3,
    );
    await waitUntil('the edge to say that it is full', () =>
      /full: pool alpha has 16 of 16/.test(pair.daemon(holder).output()),
    );
    const { exitCode, stdout } = await pair.health(holder);
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /alpha: 16 of 16 connections, full/);
    assert.match(await pair.httpStatus(holder, '/healthz'), / 200 /);
    for (const clients of [greedy, others]) clients.ask();
    await waitUntil(
      'the established ones to be answered',
      () => greedy.heard().length + others.heard().length >= 16,
    );
    for (const line of [...greedy.heard(), ...others.heard()]) assert.match(line, /^\+PONG/);
    await pair.keeps(holder, HUNG_IS_FOUND_MS);
    assert.equal(states(holder).at(-1), 'MASTER');
    await greedy.leave();
    await others.leave();
    await waitUntil('newcomers to be served again', () => pair.ask());
  });

  test('the ops port taken by idle connections: the edge stays', async () => {
    const { holder } = await pair.serving();
    const idle = await pair.connect(100, pair.plan.back.gateway, `${holder.address}:${holder.opsPort}`);
    await pair.keeps(holder, HUNG_IS_FOUND_MS);
    assert.equal((await pair.health(holder)).exitCode, 0);
    assert.equal(states(holder).at(-1), 'MASTER');
    await idle.leave();
  });

  test('all proxies gone: the VIP stays, and /healthz tells', async () => {
    const { holder } = await pair.serving();
    await pair.stopProxies();
    await waitUntil('HAProxy to notice', async () => / 503 /.test(await pair.httpStatus(holder, '/healthz')));
    const { exitCode, stdout } = await pair.health(holder);
    assert.equal(exitCode, 0);
    assert.match(stdout, /no proxy is up/);
    await pair.keeps(holder, 1);
    await pair.startProxies();
  });

  test('a proxy of an earlier version, which knows no header, gets no clients from here', async () => {
    const { holder } = await pair.serving();
    await pair.stopProxies();
    await pair.startProxies([]);
    try {
      await waitUntil('all of them to be down by what they answer', async () => {
        const lines = (await pair.opsPage(holder, '/stats;csv')).split('\n');
        return lines.filter((line) => /^proxies-alpha,alpha-proxy-.*,DOWN,.*,L7RSP,/.test(line)).length === 3;
      });
      assert.match(await pair.httpStatus(holder, '/healthz'), / 503 /);
    } finally {
      await pair.stopProxies();
      await pair.startProxies();
    }
  });

  test('every line that HAProxy, keepalived and their supervisor wrote meanwhile is told from the others’', async () => {
    const { holder } = await pair.serving();
    const lines = pair
      .daemon(holder)
      .output()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({ line, parsed: parseLine(line, 'edge') }));
    const events = new Set(lines.map(({ parsed }) => `${parsed.program}: ${eventOf(parsed)}`));
    for (const event of ['keepalived: VIP', 'haproxy: proxy down', 'haproxy: no proxy'])
      assert.ok(events.has(event), `${event} in ${[...events].join(', ')}`);
    const strange = lines.filter(
      ({ line, parsed }) =>
        parsed.program === 'haproxy' && /^twemstack|keepalived|VRRP|^\w{3} \w{3} /.test(line),
    );
    assert.deepEqual(strange, []);
  });
});
