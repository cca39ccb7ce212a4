import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { removeContainer } from '../../../provider/docker/container-remove.ts';
import { Engine } from '../../../provider/docker/engine.ts';

/** An engine that fails to remove a container `failures` times: a real one does so once in a while, at no one's bidding. */
async function removedAfter(failures: number): Promise<{ deletes: number; error: string | undefined }> {
  let deletes = 0;
  const server = createServer((request, response) => {
    const fails = request.method === 'DELETE' && ++deletes <= failures;
    response.writeHead(fails ? 500 : 204, { 'content-type': 'application/json' });
    response.end(
      fails ? JSON.stringify({ message: 'unable to remove filesystem: directory not empty' }) : undefined,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const engine = new Engine(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    await removeContainer(engine, 'abc', 'alpha-proxy-c', {});
    return { deletes, error: undefined };
  } catch (error) {
    return { deletes, error: (error as Error).message };
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test('a container whose files the engine is busy with is removed at the next attempt', async () => {
  assert.deepEqual(await removedAfter(2), { deletes: 3, error: undefined });
});

test('one that cannot be removed at all is an error in the engine’s words', async () => {
  const { error } = await removedAfter(100);
  assert.match(error ?? '', /Error deleting container alpha-proxy-c: .*unable to remove filesystem/);
});
