import type Docker from 'dockerode';
import type { Plan } from '../../topology/types.ts';

/** A container as an application has one: on the network where the VIP is, with what Docker gives everybody. */
export class Application {
  readonly #container: Docker.Container;
  /** Of its first process, on this machine. */
  readonly pid: number;

  private constructor(container: Docker.Container, pid: number) {
    this.#container = container;
    this.pid = pid;
  }

  static async start(plan: Plan, engine: Docker): Promise<Application> {
    // Any image will do that has a program which waits.
    const { Config } = await engine.getContainer(plan.proxies[0].name).inspect();
    const container = await engine.createContainer({
      name: `${plan.name}-attacker`,
      Image: Config.Image,
      Entrypoint: ['sleep', 'infinity'],
      HostConfig: { NetworkMode: plan.front.name },
    });
    await container.start();
    const { State } = await container.inspect();
    return new Application(container, State.Pid);
  }

  async end(): Promise<void> {
    await this.#container.remove({ force: true }).catch(() => undefined);
  }
}
