import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { ValueReader } from '../../../proxy/protocol/reply-values.ts';
import { closeScenes, memoryScene } from '../../support/memory-scene.ts';

afterEach(closeScenes);

const bulk = (text: string): string => `$${text.length}\r\n${text}`;
const list = (...items: string[]): string => [`*${items.length}`, ...items].join('\r\n');
const pairs = (values: Readonly<Record<string, string>>): string =>
  list(...Object.entries(values).flat().map(bulk));

/** Two servers; `ask` gives their answers and returns the client's. */
async function twoServers(settings: readonly string[] = []) {
  const scene = await memoryScene(settings, ['10.0.0.1:6379:1 one', '10.0.0.2:6379:1 two']);
  const client = scene.client();
  const ask = (words: readonly string[], ...answers: string[]): unknown => {
    client.said = '';
    client.ask(...words);
    scene.settle();
    for (const [i, answer] of answers.entries()) {
      scene.servers[i % 2].answer(answer);
      scene.settle();
    }
    return new ValueReader().push(Buffer.from(client.said, 'latin1'))[0];
  };
  return { ...scene, asked: client, ask };
}

describe('CONFIG', () => {
  const cases: [name: string, one: string, two: string, pool: string][] = [
    ['maxmemory', '100', '50', '150'],
    ['maxmemory', '100', '0', '0'],
    ['maxmemory-policy', 'noeviction', 'allkeys-lru', 'allkeys-lru'],
    ['appendonly', 'yes', 'no', 'no'],
    ['notify-keyspace-events', 'AKE', 'gKE', 'KE'],
    ['save', '60 1', '60 1', '60 1'],
    ['save', '60 1', '', '60 1 | '],
    ['timeout', '30', '0', '0'],
    ['databases', '16', '16', '4'],
  ];
  for (const [name, one, two, pool] of cases) {
    test(`GET ${name}: '${one}' and '${two}' are '${pool}'`, async () => {
      const { ask, servers } = await twoServers(['redis_db: 3']);
      for (const server of servers) server.always.set('SELECT', '+OK');
      const answer = ask(['CONFIG', 'GET', name], pairs({ [name]: one }), pairs({ [name]: two }));
      assert.deepEqual(answer, [name, pool]);
    });
  }

  test('only what is no secret is asked for, whatever the pattern', async () => {
    const { ask, servers } = await twoServers();
    ask(['CONFIG', 'GET', '*', 'requirepass', 'masterauth'], '*0', '*0');
    for (const { log } of servers) {
      assert.match(log[0], /^CONFIG GET .*maxmemory /);
      assert.doesNotMatch(log[0], /pass|auth|user|dir|file|bind|port|tls/);
    }
    assert.deepEqual(ask(['CONFIG', 'GET', 'masterauth', 'requirepass', 'aclfile', 'dir']), []);
    assert.equal(servers[0].log.length, 1);
  });

  test('SET is refused in words, and asks no server', async () => {
    const { ask, asked, servers } = await twoServers();
    ask(['CONFIG', 'SET', 'maxmemory', '1']);
    assert.match(asked.said, /^-ERR 'config set' is not served: the servers' settings are the operator's/);
    assert.deepEqual(servers[0].log, []);
  });

  test('a server that does not say is named', async () => {
    const { ask, asked } = await twoServers();
    ask(['CONFIG', 'GET', 'maxmemory'], pairs({ maxmemory: '1' }), '-LOADING Redis is loading');
    assert.match(asked.said, /^-ERR 'config get' was not done by 'two' \(LOADING .*\); done by 'one'\r\n$/);
  });
});

describe('FUNCTION', () => {
  const library = (name: string, ...functions: string[]): string =>
    list(bulk('library_name'), bulk(name), bulk('functions'), list(...functions.map(bulk)));

  test('LOAD is carried out by all, and told by name when one did not', async () => {
    const { ask, asked, servers } = await twoServers();
    assert.equal(ask(['FUNCTION', 'LOAD', 'code'], '$1\r\nl', '$1\r\nl'), 'l');
    assert.deepEqual(
      servers.map(({ log }) => log),
      [['FUNCTION LOAD code'], ['FUNCTION LOAD code']],
    );
    ask(['FUNCTION', 'LOAD', 'code'], '$1\r\nl', '-OOM command not allowed');
    assert.match(asked.said, /'function load' was not done by 'two' \(OOM .*\); done by 'one'/);
  });

  test('LIST: the same libraries in another order are the same; others are an error', async () => {
    const { ask, asked } = await twoServers();
    const [a, b] = [library('a', 'f', 'g'), library('a', 'g', 'f')];
    const other = library('b', 'h');
    assert.equal((ask(['FUNCTION', 'LIST'], list(a, other), list(other, b)) as unknown[]).length, 2);
    ask(['FUNCTION', 'LIST'], list(a), '*0');
    assert.match(asked.said, /^-ERR 'one' and 'two' have different function libraries/);
  });

  test('DUMP is of one server when all have the same', async () => {
    const { ask, asked } = await twoServers();
    const same = [list(library('a', 'f')), list(library('a', 'f'))];
    assert.equal(ask(['FUNCTION', 'DUMP'], ...same, '$2\r\nd1', '$2\r\nd2'), 'd1');
    ask(['FUNCTION', 'DUMP'], same[0], '*0');
    assert.match(asked.said, /different function libraries/);
  });
});

describe('logs', () => {
  const entry = (id: number, time: number): string =>
    list(`:${id}`, `:${time}`, ':9', list(bulk('get'), bulk('k')), bulk('10.0.0.9:1'), bulk(''));

  test('SLOWLOG GET: newest first, as many as asked for, no two of one number', async () => {
    const { ask } = await twoServers();
    const answers = [list(entry(1, 30), entry(0, 10)), list(entry(1, 40), entry(0, 20))];
    const all = ask(['SLOWLOG', 'GET'], ...answers) as number[][];
    assert.deepEqual(
      all.map(([, time]) => time),
      [40, 30, 20, 10],
    );
    assert.equal(new Set(all.map(([id]) => id)).size, 4);
    assert.equal((ask(['SLOWLOG', 'GET', '3'], ...answers) as number[][]).length, 3);
    assert.equal((ask(['SLOWLOG', 'GET', '-1'], ...answers) as number[][]).length, 4);
    assert.equal(ask(['SLOWLOG', 'LEN'], ':2', ':3'), 5);
    assert.equal(ask(['SLOWLOG', 'RESET'], '+OK', '+OK'), 'OK');
  });

  test('LATENCY: the last of each event, and how long the longest took', async () => {
    const { ask, asked } = await twoServers();
    const event = (name: string, ...numbers: number[]): string =>
      list(bulk(name), ...numbers.map((each) => `:${each}`));
    assert.deepEqual(
      ask(
        ['LATENCY', 'LATEST'],
        list(event('fork', 10, 5, 90)),
        list(event('fork', 20, 7, 8), event('x', 1, 2, 3)),
      ),
      [
        ['fork', 20, 7, 90],
        ['x', 1, 2, 3],
      ],
    );
    assert.deepEqual(
      ask(
        ['LATENCY', 'HISTORY', 'fork'],
        list(list(':30', ':1')),
        list(list(':10', ':2'), list(':40', ':3')),
      ),
      [
        [10, 2],
        [30, 1],
        [40, 3],
      ],
    );
    assert.equal(ask(['LATENCY', 'RESET'], ':1', ':2'), 3);
    ask(['LATENCY', 'DOCTOR'], bulk('fine'), bulk('fine'));
    assert.match(asked.said, /^-ERR 'latency doctor' is not served: /);
  });

  test('LATENCY HISTOGRAM: calls are added, and what took up to each bound is counted on all servers', async () => {
    const of = (calls: number, ...counts: number[]): string =>
      list(
        ...[bulk('calls'), `:${calls}`, bulk('histogram_usec')],
        list(...counts.map((count) => `:${count}`)),
      );
    const { ask } = await twoServers();
    const one = list(bulk('get'), of(5, 1, 2, 4, 3, 16, 5), bulk('set'), of(1, 8, 1));
    const two = list(bulk('get'), of(3, 2, 1, 8, 3));
    assert.deepEqual(ask(['LATENCY', 'HISTOGRAM', 'get', 'set'], one, two), [
      'get',
      ['calls', 8, 'histogram_usec', [1, 2, 2, 3, 4, 4, 8, 6, 16, 8]],
      'set',
      ['calls', 1, 'histogram_usec', [8, 1]],
    ]);
  });

  test('LASTSAVE: since then nothing is certain to be saved everywhere', async () => {
    const { ask } = await twoServers();
    assert.equal(ask(['LASTSAVE'], ':1700', ':1600'), 1600);
  });
});

describe('subcommands without a key', () => {
  test('MEMORY STATS is of all servers together: amounts are added, ratios are those of the sums', async () => {
    const stats = (factor: number, keys: number, more: string[] = []): string =>
      list(
        ...[
          ['peak.allocated', 1000 * factor],
          ['total.allocated', 900 * factor],
          ['startup.allocated', 100 * factor],
        ].flatMap(([name, value]) => [bulk(String(name)), `:${value}`]),
        ...more,
        ...[bulk('db.0'), list(bulk('overhead.hashtable.main'), `:${factor}`)],
        ...[bulk('keys.count'), `:${keys}`, bulk('keys.bytes-per-key'), `:${(800 * factor) / keys}`],
        ...[bulk('dataset.bytes'), `:${400 * factor}`, bulk('peak.percentage'), bulk('99.9')],
        ...[bulk('some-future.ratio'), bulk('1.5')],
      );
    const { ask, asked } = await twoServers();
    const other = [bulk('db.3'), list(bulk('overhead.hashtable.main'), ':7')];
    const all = ask(['MEMORY', 'STATS'], stats(1, 4), stats(2, 1, other)) as unknown[];
    const of = (name: string): unknown => all[all.indexOf(name) + 1];
    assert.deepEqual(
      ['peak.allocated', 'total.allocated', 'keys.count', 'keys.bytes-per-key', 'dataset.bytes'].map(of),
      [3000, 2700, 5, 480, 1200],
    );
    assert.deepEqual(
      [of('db.0'), of('db.3')],
      [
        ['overhead.hashtable.main', 3],
        ['overhead.hashtable.main', 7],
      ],
    );
    assert.equal(of('peak.percentage'), '90');
    assert.ok(!all.includes('some-future.ratio'));
    ask(['MEMORY', 'STATS'], stats(1, 1), '-LOADING Redis is loading');
    assert.match(asked.said, /^-ERR 'memory stats' was not done by 'two' \(LOADING .*\); done by 'one'\r\n$/);
  });

  test('MEMORY DOCTOR and the like are about one server, and refused when there are several', async () => {
    const { ask, asked, servers } = await twoServers();
    for (const name of ['DOCTOR', 'PURGE', 'MALLOC-STATS']) {
      ask(['MEMORY', name]);
      const expected = `-ERR 'memory ${name.toLowerCase()}' is not served: it is about one server`;
      assert.ok(asked.said.startsWith(expected), asked.said);
    }
    assert.deepEqual([...servers[0].log, ...servers[1].log], []);
    ask(['MULTI']);
    ask(['MEMORY', 'STATS']);
    assert.match(asked.said, /^-ERR 'memory stats' is not served inside a transaction/);
  });

  test('with one server, and HELP always, the server answers', async () => {
    const { client, servers, settle } = await memoryScene([]);
    const one = client();
    for (const words of [
      ['MEMORY', 'STATS'],
      ['OBJECT', 'HELP'],
      ['XINFO', 'NOSUCH'],
    ])
      one.ask(...words);
    settle();
    assert.deepEqual(servers[0].asked, ['MEMORY STATS', 'OBJECT HELP', 'XINFO NOSUCH']);
    const several = await twoServers();
    several.asked.ask('OBJECT', 'HELP');
    several.settle();
    assert.deepEqual(
      several.servers.flatMap(({ asked }) => asked),
      ['OBJECT HELP'],
    );
  });
});
