import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Engine, EngineError } from '../../../provider/docker/engine.ts';
import { dockerProvider } from '../../../provider/docker/provider.ts';
import { ProviderError } from '../../../provider/protocol/diagnostics.ts';
import { UNKNOWN } from '../../../provider/protocol/values.ts';

/** Something that answers like an engine on a port of loopback. */
async function fakeEngine(t: TestContext, listener: RequestListener): Promise<Engine> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return new Engine(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

async function errorOf(promise: Promise<unknown>): Promise<ProviderError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ProviderError, String(error));
  return error;
}

test('an engine at tcp:// is spoken to', async (t) => {
  const asked: string[] = [];
  const engine = await fakeEngine(t, (request, response) => {
    asked.push(request.url ?? '');
    response.end('OK');
  });
  await engine.ping();
  assert.deepEqual(asked, ['/_ping']);
});

test('a refusal keeps the engine’s words and status, whatever form they come in', async (t) => {
  const engine = await fakeEngine(t, (request, response) => {
    response.statusCode = 409;
    response.end(request.url === '/_ping' ? '{"message":"Conflict. The name is in use."}' : 'no JSON at all');
  });
  const worded = (await errorOf(engine.call('Unable to ask', (docker) => docker.ping()))) as EngineError;
  assert.equal(worded.message, 'Unable to ask: Conflict. The name is in use.');
  assert.equal(worded.status, 409);
  const bare = await errorOf(engine.call('Unable to ask', (docker) => docker.getContainer('x').inspect()));
  assert.ok(bare instanceof EngineError);
  assert.match(bare.message, /^Unable to ask: /);
});

test('what the engine does not know is undefined for find, an error for call', async (t) => {
  const engine = await fakeEngine(t, (_request, response) => {
    response.statusCode = 404;
    response.end('{"message":"No such container: x"}');
  });
  assert.equal(await engine.find('Unable to ask', (docker) => docker.getContainer('x').inspect()), undefined);
  const error = await errorOf(engine.call('Unable to ask', (docker) => docker.getContainer('x').inspect()));
  assert.equal(error.message, 'Unable to ask: No such container: x');
});

test('an engine that is not there: the address, the reason, the remedy', async (t) => {
  const engine = await fakeEngine(t, () => undefined);
  const gone = new Engine('tcp://127.0.0.1:1');
  const refused = await errorOf(gone.ping());
  assert.equal(refused.message, 'Docker engine not reachable at tcp://127.0.0.1:1');
  assert.match(refused.detail ?? '', /nothing listens there. Start the engine .*\(ECONNREFUSED\)/);
  const missing = await errorOf(new Engine('unix:///nonexistent.sock').ping());
  assert.match(missing.detail ?? '', /there is no such socket.*DOCKER_HOST/);
  assert.match(engine.host, /^tcp:/);
});

test('an address that is not covered is refused before anything is dialled', async () => {
  const configure = (host: unknown) => dockerProvider.configure({ host: host as string });
  assert.match((await errorOf(configure('npipe:////./pipe/x'))).message, /Invalid Docker host: npipe:/);
  assert.match((await errorOf(configure(UNKNOWN))).message, /must be known/);
});
