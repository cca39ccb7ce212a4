import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import type Docker from 'dockerode';
import { Entrance } from '../../../scripts/rollout/entrance.ts';
import { hostsPlanOf, THREE_HOSTS } from '../../support/stack-fixture.ts';

const plan = hostsPlanOf(THREE_HOSTS);
const HELD = `2: ens3    inet ${plan.vip}/32 scope global ens3\n`;

/** As much of an engine as carries out commands in containers, and keeps what was done in the order of its beginning. */
class Engine {
  readonly deeds: string[] = [];
  holder = 'alpha-edge-a';
  #letGo: () => void = () => undefined;
  readonly #gone = new Promise<void>((done) => {
    this.#letGo = done;
  });
  readonly modem = {
    demuxStream: (stream: PassThrough, out: PassThrough) => stream.on('data', (chunk) => out.write(chunk)),
  };

  getContainer(name: string) {
    return {
      exec: async ({ Cmd }: { readonly Cmd: readonly string[] }) => ({
        start: async () => this.#run(name, Cmd),
        inspect: async () => ({ ExitCode: 0 }),
      }),
      stop: async () => {
        this.deeds.push(`stop ${name}`);
        this.holder = 'alpha-edge-b';
      },
    };
  }

  #run(name: string, command: readonly string[]): PassThrough {
    const stream = new PassThrough();
    if (command[0] === 'ip') {
      this.deeds.push(`who holds it: ${name}`);
      stream.end(this.holder === name ? HELD : '2: ens3    inet 10.0.0.12/24 scope global ens3\n');
    } else if (command.includes('USR2')) {
      this.deeds.push(`let go: ${name}`);
      stream.end();
      this.#letGo();
    } else {
      this.deeds.push(`close: ${name}`);
      stream.write('closed\n');
      // Clients leave when they are let go, and not before.
      void this.#gone.then(() => stream.end('left 0\n'));
    }
    return stream;
  }
}

describe('the VIP is moved off an edge', () => {
  test('with nothing asked in between that could be asked before: while the entrance is closed, nobody is served', async () => {
    const engine = new Engine();
    const edges = ['alpha-edge-a', 'alpha-edge-b'];
    const entrance = new Entrance({ plan, engine: engine as unknown as Docker, edges });
    const { to } = await entrance.moveVip('alpha-edge-a', () => undefined);
    assert.equal(to, 'alpha-edge-b');
    const [before, close, ...rest] = engine.deeds;
    assert.deepEqual([before, close], ['who holds it: alpha-edge-a', 'close: alpha-edge-a']);
    assert.deepEqual(
      rest.slice(0, 3).sort(),
      plan.proxies.map(({ name }) => `let go: ${name}`),
    );
    assert.equal(rest[3], 'stop alpha-edge-a');
    assert.deepEqual([...new Set(rest.slice(4))], ['who holds it: alpha-edge-b']);
  });
});
