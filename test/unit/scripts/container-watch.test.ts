import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import Docker from 'dockerode';
import { ContainerWatch } from '../../../scripts/observe/container-watch.ts';
import { OWNER_LABEL } from '../../../stacks/owner-label.ts';
import { inTemporaryFolder } from '../../support/stack-fixture.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** An engine with two containers of the stack, which writes down what it is asked, and tells who listens what the test says. */
class ToldEngine {
  readonly asked: string[] = [];
  readonly health = new Map([
    ['one', 'healthy'],
    ['two', 'healthy'],
  ]);
  #listener: ServerResponse | undefined;
  readonly server = createServer((request, response) => {
    const [, what, id] = /\/(events|containers\/json|containers\/(\w+)\/json)/.exec(request.url ?? '') ?? [];
    this.asked.push(id ?? what);
    if (what === 'events') {
      this.#listener = response;
      response.flushHeaders();
    } else if (id === undefined) {
      response.end(JSON.stringify([...this.health.keys()].map((Id) => ({ Id }))));
    } else if (this.health.has(id)) response.end(JSON.stringify(this.#details(id)));
    else response.writeHead(404).end('{"message":"no such container"}');
  });

  #details(id: string): object {
    const State = {
      Pid: 1,
      Status: 'running',
      Health: { Status: this.health.get(id) },
      StartedAt: '2026-01-01',
    };
    const Config = { Labels: { 'twemstack.role': 'redis' }, Image: 'redis' };
    return {
      Id: id,
      Name: `/${id}`,
      State,
      Config,
      NetworkSettings: { Networks: {} },
      Created: '2026-01-01',
    };
  }

  tell(id: string, attributes: Record<string, string>): void {
    const event = { Type: 'container', Action: 'die', Actor: { ID: id, Attributes: attributes } };
    this.#listener?.write(`${JSON.stringify(event)}\n`);
  }

  /** In the middle of a line. */
  hangUp(): void {
    this.#listener?.end('{"Type":');
  }

  newlyAsked(): string[] {
    return this.asked.splice(0).sort();
  }
}

test('whoever looks at the containers again and again asks the engine of what has changed alone', async () => {
  await inTemporaryFolder(async (folder) => {
    const engine = new ToldEngine();
    const socketPath = path.join(folder, 'docker.sock');
    await new Promise<void>((resolve) => engine.server.listen(socketPath, resolve));
    let changes = 0;
    const watch = new ContainerWatch(new Docker({ socketPath }), 'alpha', () => {
      changes += 1;
    });
    const health = async () => [...(await watch.look())].map(([name, state]) => `${name} ${state.health}`);
    try {
      assert.deepEqual(await health(), ['one healthy', 'two healthy']);
      assert.deepEqual(engine.newlyAsked(), ['containers/json', 'events', 'one', 'two']);
      assert.deepEqual(await health(), ['one healthy', 'two healthy']);
      assert.deepEqual(engine.newlyAsked(), []);

      engine.health.set('two', 'unhealthy');
      engine.tell('stranger', { [OWNER_LABEL]: 'beta' });
      engine.tell('two', {});
      await waitUntil('the change to be told', () => changes > 0);
      assert.deepEqual(await health(), ['one healthy', 'two unhealthy']);
      assert.deepEqual(engine.newlyAsked(), ['two']);

      engine.health.delete('one');
      engine.health.set('three', 'starting');
      engine.tell('one', {});
      engine.tell('three', { [OWNER_LABEL]: 'alpha' });
      await waitUntil('both changes to be told', () => changes === 3);
      assert.deepEqual(await health(), ['two unhealthy', 'three starting']);
      assert.deepEqual(engine.newlyAsked(), ['one', 'three']);

      engine.health.set('two', 'healthy');
      engine.hangUp();
      await waitUntil('everything to be asked anew', async () => (await health())[0] === 'two healthy');
      assert.deepEqual(engine.newlyAsked(), ['containers/json', 'events', 'three', 'two']);
    } finally {
      watch.end();
      engine.server.closeAllConnections();
      await new Promise((resolve) => engine.server.close(resolve));
    }
  });
});
