import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { connect } from '../../../provider/docker/connect.ts';
import { EnvironmentError } from '../../../scripts/errors.ts';
import type { PreparedImages } from '../../../scripts/images/prepared-image.ts';
import { provideImages } from '../../../scripts/images/provide.ts';
import { transferImages } from '../../../scripts/images/transfer.ts';
import type { DomainEngine } from '../../../scripts/stack/domain-engine.ts';
import { recordingStep } from '../../support/recording-step.ts';

const NAMES = ['twemstack/redis:1', 'twemstack/proxy:1', 'twemstack/edge:1'];
const CHUNK = Buffer.alloc(1 << 16);
const CHUNKS = 64;

/** As much of an engine as has images, gives them away, and takes them. */
interface Stub {
  readonly images: Map<string, string>;
  readonly asked: string[];
  readonly server: Server;
  readonly engine: DomainEngine;
  /** Instead of the rest of an archive, or of taking it. */
  fault?: 'cut' | 'full' | 'hangs';
}

const servers: Server[] = [];

async function stub(domain: string, images: Record<string, string> = {}): Promise<Stub> {
  const asked: string[] = [];
  const held = new Map(Object.entries(images));
  const server = createServer((request, response) => {
    // A request that is cut off is nobody's to answer.
    answer(made, request, response).catch(() => undefined);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  servers.push(server);
  const docker = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const engine = { domain, docker: await connect(docker), host: { docker, address: '10.0.0.1' } };
  const made: Stub = { images: held, asked, server, engine };
  return made;
}

async function answer(stub: Stub, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname: path, searchParams } = new URL(request.url ?? '', 'http://stub');
  const image = /^\/images\/(.*)\/json$/.exec(path)?.[1];
  if (image !== undefined) {
    const id = stub.images.get(decodeURIComponent(image));
    response.writeHead(id === undefined ? 404 : 200, { 'content-type': 'application/json' });
    return void response.end(JSON.stringify({ Id: id, RootFS: { Layers: [`layer of ${id}`] }, Size: 1 }));
  }
  const names = searchParams.getAll('names');
  stub.asked.push(`${request.method} ${path}${names.length > 0 ? ` ${names.join(' ')}` : ''}`);
  if (path === '/images/get') {
    const kept = names.map((name) => [name, stub.images.get(name)]);
    response.write(`${JSON.stringify(kept)}\n`);
    for (let sent = 0; sent < CHUNKS; sent++) {
      if (stub.fault === 'cut' && sent === CHUNKS / 2) return void request.socket.destroy();
      if (!response.write(CHUNK)) await new Promise((done) => response.once('drain', done));
    }
    return void response.end();
  }
  // Loading: everything, then what it was is there.
  let text = '';
  for await (const chunk of request) {
    if (stub.fault === 'hangs') return;
    text += String(chunk).replaceAll('\0', '');
  }
  if (stub.fault === 'full') {
    const said = { error: 'write /layer.tar: no space left on device' };
    return void response.end(`${JSON.stringify({ stream: 'Loading layer' })}\n${JSON.stringify(said)}\n`);
  }
  for (const [name, id] of JSON.parse(text) as Array<[string, string]>) stub.images.set(name, id);
  response.end(`${JSON.stringify({ stream: 'Loaded' })}\n`);
}

const prepared = Object.fromEntries(
  NAMES.map((name) => [name.slice(10, -2), { name, contextDir: '/nowhere', base: 'base' }]),
) as unknown as PreparedImages;
const all = (id: string): Record<string, string> =>
  Object.fromEntries(NAMES.map((name) => [name, `${id} ${name}`]));
const has = ({ images }: Stub): Record<string, string> => Object.fromEntries(images);

describe('images of a stack on several hosts', () => {
  after(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  const provide = (builder: Stub, hosts: readonly Stub[], signal?: AbortSignal) => {
    const step = recordingStep();
    const source = { title: 'this machine', docker: builder.engine.docker };
    const engines = hosts.map(({ engine }) => engine);
    return provideImages(prepared, source, engines, step, signal).then((outcome) => ({
      outcome,
      told: step.lines,
    }));
  };

  test('come to every host that lacks one, and only what it lacks', async () => {
    const builder = await stub('builder', all('x'));
    const [first] = NAMES;
    const hosts = [await stub('a'), await stub('b', { [first]: `x ${first}` }), await stub('c', all('x'))];
    // With c as good a source as the builder, either may give.
    const { outcome, told } = await provide(builder, hosts);
    for (const host of hosts) assert.deepEqual(has(host), all('x'));
    assert.deepEqual(outcome, { built: undefined, shipped: 2 });
    const given = [...builder.asked, ...hosts[2].asked];
    const asked = [NAMES, NAMES.slice(1)].map((names) => `GET /images/get ${names.join(' ')}`);
    assert.deepEqual(given.sort(), asked.sort());
    assert.deepEqual(hosts[1].asked, ['POST /images/load']);
    assert.ok(
      told.some((sentence) => /bringing images to a \d+ MB, b \d+ MB/.test(sentence)),
      told.join('\n'),
    );
  });

  test('are what most hosts have: one that has another of the same name takes theirs', async () => {
    const builder = await stub('builder', all('mine'));
    const hosts = [await stub('a', all('x')), await stub('b', all('y')), await stub('c', all('y'))];
    await provide(builder, hosts);
    for (const host of hosts) assert.deepEqual(has(host), all('y'));
    assert.deepEqual(builder.asked, []);
  });

  test('a second time nothing moves', async () => {
    const [builder, host] = [await stub('builder'), await stub('a', all('x'))];
    assert.deepEqual((await provide(builder, [host])).outcome, { built: undefined, shipped: 0 });
    assert.deepEqual([...builder.asked, ...host.asked], []);
  });

  test('a host without room is named with its words; the others have theirs, and the next run goes on', async () => {
    const builder = await stub('builder', all('x'));
    const [full, good] = [await stub('a'), await stub('b')];
    full.fault = 'full';
    await assert.rejects(provide(builder, [full, good]), (error: EnvironmentError) => {
      assert.ok(error instanceof EnvironmentError);
      assert.match(error.message, /^host a \(http:.*\) did not take the images: .*no space left/);
      assert.match(error.remedy ?? '', /free space there/);
      return true;
    });
    assert.deepEqual(has(full), {});
    assert.deepEqual(has(good), all('x'));
    full.fault = undefined;
    assert.equal((await provide(builder, [full, good])).outcome.shipped, 1);
    assert.deepEqual(has(full), all('x'));
  });

  test('a source that dies half-way is named, and leaves no half image', async () => {
    const [builder, host] = [await stub('builder', all('x')), await stub('a')];
    builder.fault = 'cut';
    await assert.rejects(provide(builder, [host]), (error: Error) => {
      assert.match(error.message, /^the images for host a \(.*\) did not come from this machine: /);
      return true;
    });
    assert.deepEqual(has(host), {});
  });

  test('Ctrl-C ends it at once, with nothing half-done', async () => {
    const [builder, host] = [await stub('builder', all('x')), await stub('a')];
    host.fault = 'hangs';
    const stop = new AbortController();
    const shipping = provide(builder, [host], stop.signal);
    shipping.catch(() => undefined);
    while (!host.asked.includes('POST /images/load')) await new Promise((done) => setTimeout(done, 5));
    stop.abort(new Error('stopped by hand'));
    await assert.rejects(shipping, /stopped by hand/);
    assert.deepEqual(has(host), {});
  });

  test('a host that takes nothing any more is given up', async () => {
    const [builder, host] = [await stub('builder', all('x')), await stub('a')];
    host.fault = 'hangs';
    const { docker } = host.engine;
    await assert.rejects(
      transferImages(builder.engine.docker, docker, NAMES, { stalledMs: 200 }),
      /nothing moved for 0.2 s/,
    );
  });

  test('are built where they are built first, and the failure has the engine’s words', async () => {
    const [builder, host] = [await stub('builder'), await stub('a')];
    await assert.rejects(provide(builder, [host]), /build context not found: \/nowhere/);
  });
});
