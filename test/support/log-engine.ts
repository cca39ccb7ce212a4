import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message of an engine's log stream. @param channel 1 = stdout, 2 = stderr */
export function logFrame(text: string, channel = 1): Buffer {
  const body = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = channel;
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

/** Fixed-width stamp of a moment, as the engine makes it. */
export const stampAt = (ms: number): string => new Date(ms).toISOString().replace('Z', '000001Z');

interface Container {
  /** Lines with their stamps, oldest first. */
  readonly lines: string[];
  running: boolean;
  readonly followers: Set<ServerResponse>;
}

/**
 * Something that answers like a Docker engine, as far as logs go: a stack's containers, what they wrote, who follows.
 * Speaks to the real client over a port of loopback.
 */
export class LogEngine {
  readonly #containers = new Map<string, Container>();
  readonly #server = createServer((request, response) => this.#answer(request.url ?? '', response));
  /** Messages that follow what a container has written, made while they are read; for logs of any size. */
  endless: ((name: string) => Iterable<Buffer>) | undefined;
  /** A log that it sends does not end. */
  hangs = false;

  static async start(stack: string, members: readonly string[]): Promise<LogEngine> {
    const engine = new LogEngine(stack);
    for (const name of members)
      engine.#containers.set(name, { lines: [], running: true, followers: new Set() });
    await new Promise<void>((resolve) => engine.#server.listen(0, '127.0.0.1', resolve));
    return engine;
  }

  private constructor(private readonly stack: string) {}

  /** In the form of DOCKER_HOST. */
  get address(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  followers(name: string): number {
    return this.#containers.get(name)?.followers.size ?? 0;
  }

  write(name: string, text: string, at = Date.now()): void {
    const container = this.#get(name);
    const line = `${stampAt(at)} ${text}\n`;
    container.lines.push(line);
    for (const follower of container.followers) follower.write(logFrame(line));
  }

  /** Its container ends: whoever follows is told by the end of the stream. */
  stop(name: string): void {
    const container = this.#get(name);
    container.running = false;
    for (const follower of container.followers) follower.end();
    container.followers.clear();
  }

  /** It runs again, with its log as before. */
  restart(name: string): void {
    this.#get(name).running = true;
  }

  remove(name: string): void {
    this.stop(name);
    this.#containers.delete(name);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #get(name: string): Container {
    const container = this.#containers.get(name);
    if (container === undefined) throw new Error(`no container ${name}`);
    return container;
  }

  #answer(url: string, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(url, 'http://engine');
    if (pathname === '/_ping') response.end('OK');
    else if (pathname === '/events') response.flushHeaders();
    else if (pathname === '/containers/json') {
      json(
        response,
        200,
        [...this.#containers.keys()].map((Id) => ({ Id })),
      );
    } else {
      const [, id, what] = /^\/containers\/([^/]+)\/(\w+)$/.exec(pathname) ?? [];
      const container = this.#containers.get(id);
      if (container === undefined) json(response, 404, { message: `No such container: ${id}` });
      else if (what === 'json') json(response, 200, this.#inspected(id, container));
      else this.#log(id, container, searchParams, response);
    }
  }

  #inspected(id: string, { running }: Container): unknown {
    return {
      Id: id,
      Name: `/${id}`,
      Created: '2020-01-01T00:00:00Z',
      RestartCount: 0,
      Config: { Image: 'x', Labels: { 'twemstack.stack': this.stack } },
      State: { Status: running ? 'running' : 'exited', StartedAt: '2020-01-01T00:00:01Z', ExitCode: 0 },
      NetworkSettings: { Networks: {} },
    };
  }

  #log(id: string, container: Container, query: URLSearchParams, response: ServerResponse): void {
    const since = Number(query.get('since') ?? 0) * 1000;
    const past = container.lines.filter((line) => Date.parse(line.slice(0, 30)) >= since);
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    response.flushHeaders();
    for (const line of past) response.write(logFrame(line));
    if (this.endless !== undefined) {
      pump(this.endless(id)[Symbol.iterator](), response, !this.hangs);
    } else if (query.get('follow') === 'true' && container.running) {
      container.followers.add(response);
      response.on('close', () => container.followers.delete(response));
    } else {
      response.end();
    }
  }
}

/** As quickly as it is read. */
function pump(messages: Iterator<Buffer>, response: ServerResponse, ends: boolean): void {
  for (;;) {
    if (response.destroyed) return;
    const { done, value } = messages.next();
    if (done === true) {
      if (ends) response.end();
      return;
    }
    if (!response.write(value)) {
      response.once('drain', () => pump(messages, response, ends));
      return;
    }
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
