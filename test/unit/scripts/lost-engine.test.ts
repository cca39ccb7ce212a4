import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { CHECKOUT } from '../../../scripts/stack/home.ts';
import { inTemporaryFolder } from '../../support/stack-fixture.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An engine that answers who asks whether it is there, and does with everything else as `answer` says. */
async function withEngine<T>(folder: string, answer: Answer, use: (host: string) => Promise<T>): Promise<T> {
  const socket = path.join(folder, 'docker.sock');
  const server = createServer((request, response) => {
    if (/\/(_ping|version)$/.test(request.url ?? ''))
      response.end('{"ApiVersion":"1.41","Version":"20.10.24"}');
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    return await use(`unix://${socket}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function down(answer: Answer): Promise<{ exitCode?: number; stderr: string }> {
  return await inTemporaryFolder(async (folder) =>
    withEngine(folder, answer, (DOCKER_HOST) =>
      execa(process.execPath, ['scripts/twemstack.mjs', 'down'], {
        cwd: CHECKOUT,
        reject: false,
        stdin: 'ignore',
        env: { TWEMSTACK_HOME: path.join(folder, 'home'), DOCKER_HOST },
      }),
    ),
  );
}

test('an engine that hangs up: its connection is named, what to do, exit 3, and no talk of a mistake in twemstack', async () => {
  const { exitCode, stderr } = await down((request) => request.socket.destroy());
  assert.equal(exitCode, 3, stderr);
  assert.match(stderr, /socket hang up[\s\S]*\n {2}do: /);
  assert.doesNotMatch(stderr, /mistake in twemstack/);
});

test('an engine that refuses: its own words, what to do, exit 3', async () => {
  const { exitCode, stderr } = await down((_request, response) => {
    response.writeHead(500, { 'content-type': 'application/json' });
    response.end('{"message":"no space left on device"}');
  });
  assert.equal(exitCode, 3, stderr);
  assert.match(stderr, /no space left on device[\s\S]*\n {2}do: /);
  assert.doesNotMatch(stderr, /mistake in twemstack/);
});
