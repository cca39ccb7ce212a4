import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { execInContainer } from '../../scripts/observe/engine.ts';
import type { ForgedAdvert } from '../support/forged-advert.ts';
import { forge } from '../support/forged-advert.ts';
import type { StackRun } from '../support/stack-run.ts';

/** Tries every HOST:PORT of its arguments at once and prints those that are open. */
const SCAN = `for target; do
  (timeout 2 bash -c "exec 3<>/dev/tcp/\${target%:*}/\${target#*:}" 2>/dev/null && echo "$target") &
done
wait`;

/** A container as an application has it: on the front network, with what Docker gives to every container. */
export interface Application {
  /** Runs a command in it and returns what it printed. */
  run(...command: string[]): Promise<string>;
  /** Which of these `host:port` it can connect to, sorted. */
  open(targets: readonly string[]): Promise<string[]>;
  /** Sends adverts that it made up, again and again for so many milliseconds; its raw sockets may do that. */
  lie(adverts: readonly ForgedAdvert[], forMs: number): Promise<void>;
  /** Its own address. */
  address(): Promise<string>;
  remove(): Promise<void>;
}

/** Starts one beside the stack. */
export async function startApplication({ engine: { docker }, plan }: StackRun): Promise<Application> {
  const { Config } = await docker.getContainer(plan.shards[0].members[0].name).inspect();
  const container = await docker.createContainer({
    Image: Config.Image,
    Entrypoint: ['sleep', '600'],
    HostConfig: { NetworkMode: plan.front.name },
  });
  await container.start();
  return {
    run: (...command) => execInContainer(docker, container.id, command, 5000),
    async open(targets) {
      const found = await execInContainer(
        docker,
        container.id,
        ['bash', '-c', SCAN, 'scan', ...targets],
        20_000,
      );
      return found.split('\n').filter(Boolean).sort();
    },
    async lie(adverts, forMs) {
      const { State } = await container.inspect();
      const until = Date.now() + forMs;
      while (Date.now() < until) {
        // From outside, for the image has no tool that makes packets.
        await execa('nsenter', [`--net=/proc/${State.Pid}/ns/net`, ...forge(adverts)]);
        await sleep(50);
      }
    },
    async address() {
      const { NetworkSettings } = await container.inspect();
      return NetworkSettings.Networks[plan.front.name].IPAddress;
    },
    remove: () => container.remove({ force: true }),
  };
}
