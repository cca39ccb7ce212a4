import type { ServerResponse } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Access } from './access.ts';
import type { PageFiles } from './bundle.ts';
import type { BigKeys, SlowRequest } from './document.ts';
import type { Feed, Message } from './feed.ts';

/** What the page can ask for besides what it is told. */
export interface Desk {
  slowRequests(shard: string): Promise<readonly SlowRequest[]>;
  bigKeys(shard: string): Promise<BigKeys>;
  /** @returns why it is not begun; undefined when it was */
  begin(action: string): string | undefined;
}

export interface ConsoleOptions {
  readonly feed: Feed;
  readonly desk: Desk;
  readonly page: PageFiles;
  readonly shards: readonly string[];
  /** 0 = any that is free. */
  readonly port: number;
}

export interface RunningConsole {
  readonly port: number;
  /** A new link, good once. */
  link(): string;
  end(): Promise<void>;
}

/** Nothing from anywhere else, and nobody may frame it. uPlot sets styles by script, which needs no exception. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};
/** A page that does not take what it is told is let go: it comes back by itself, and is told everything anew. */
const MOST_UNSENT = 1024 * 1024;
const MOST_PAGES = 20;
const ALIVE_MS = 15_000;
const MOST_BODY = 1024;

const CLOSED_PAGE = 'The console is opened by the link that `twemstack console` prints; each is good once.\n';

/**
 * The console's web server: on 127.0.0.1 alone, for whoever opened a link.
 * @throws an Error with `code` EADDRINUSE when the port is taken
 */
export async function startConsole(options: ConsoleOptions): Promise<RunningConsole> {
  const server = fastify({ bodyLimit: MOST_BODY, forceCloseConnections: true });
  const access: { now: Access | undefined } = { now: undefined };
  guard(server, access);
  pageRoutes(server, access, options.page);
  const pages = eventRoute(server, options.feed);
  deskRoutes(server, options);
  await server.listen({ host: '127.0.0.1', port: options.port });
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('the console has no port');
  const { port } = address;
  const granted = new Access(port);
  access.now = granted;
  return {
    port,
    link: () => `http://127.0.0.1:${port}/?link=${granted.invite()}`,
    end: async () => {
      for (const page of pages) page.end();
      await server.close();
    },
  };
}

interface Granted {
  readonly now: Access | undefined;
}

/** Before anything else: who asks, from where, and with what. */
function guard(server: FastifyInstance, access: Granted): void {
  server.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    const { host, origin, cookie } = request.headers;
    const site = request.headers['sec-fetch-site'];
    const knock = {
      method: request.method,
      host,
      origin,
      site: Array.isArray(site) ? site.join() : site,
      cookies: cookie,
    };
    const refusal = access.now?.refusal(knock);
    if (access.now === undefined || refusal !== undefined) return refuse(reply, refusal ?? CLOSED_PAGE);
    if (!access.now.admits(cookie) && linkOf(request) === undefined) return refuse(reply, CLOSED_PAGE);
    return undefined;
  });
}

const refuse = (reply: FastifyReply, why: string): FastifyReply =>
  reply.code(403).type('text/plain; charset=utf-8').send(why);

/** The word of a link, on the page's own address alone. */
function linkOf(request: FastifyRequest): string | undefined {
  const { link } = request.query as { readonly link?: unknown };
  return request.method === 'GET' && request.url.startsWith('/?') && typeof link === 'string'
    ? link
    : undefined;
}

function pageRoutes(server: FastifyInstance, access: Granted, page: PageFiles): void {
  server.get('/', async (request, reply) => {
    const link = linkOf(request);
    if (link === undefined) return reply.type('text/html; charset=utf-8').send(page.html);
    const cookie = access.now?.redeem(link);
    if (cookie === undefined && access.now?.admits(request.headers.cookie) !== true)
      return refuse(reply, CLOSED_PAGE);
    // The word is not to stay in the address, where it would be bookmarked.
    if (cookie !== undefined) reply.header('set-cookie', cookie);
    return reply.redirect('/', 303);
  });
  server.get('/page.js', async (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(page.script),
  );
  server.get('/page.css', async (_request, reply) => reply.type('text/css; charset=utf-8').send(page.style));
}

/** Server-sent events (HTML Living Standard, 9.2): the browser comes back by itself when the line breaks. */
function eventRoute(server: FastifyInstance, feed: Feed): ReadonlySet<ServerResponse> {
  const pages = new Set<ServerResponse>();
  server.get('/events', (_request, reply) => {
    if (pages.size >= MOST_PAGES) {
      reply.code(503).send({ error: `${MOST_PAGES} pages are open already; close one` });
      return;
    }
    reply.hijack();
    const page = reply.raw;
    page.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
    pages.add(page);
    const send = (text: string): void => {
      if (page.writableLength > MOST_UNSENT) page.destroy();
      else page.write(text);
    };
    const alive = setInterval(() => send(': alive\n\n'), ALIVE_MS);
    const unsubscribe = feed.subscribe((message) => send(eventOf(message)));
    page.on('close', () => {
      clearInterval(alive);
      unsubscribe();
      pages.delete(page);
    });
  });
  return pages;
}

const eventOf = ({ kind, body }: Message): string => `event: ${kind}\ndata: ${JSON.stringify(body)}\n\n`;

function deskRoutes(server: FastifyInstance, { desk, shards }: ConsoleOptions): void {
  const shardOf = (request: FastifyRequest): string | undefined => {
    const { shard } = request.params as { readonly shard: string };
    return shards.includes(shard) ? shard : undefined;
  };
  const inquiry = (path: string, ask: (shard: string) => Promise<unknown>): void => {
    server.get(path, async (request, reply) => {
      const shard = shardOf(request);
      if (shard === undefined) return reply.code(404).send({ error: 'there is no such shard' });
      try {
        return await ask(shard);
      } catch (error) {
        return reply.code(502).send({ error: (error as Error).message });
      }
    });
  };
  inquiry('/shards/:shard/slow', (shard) => desk.slowRequests(shard));
  inquiry('/shards/:shard/keys', (shard) => desk.bigKeys(shard));
  server.post('/actions', async (request, reply) => {
    const { action } = (request.body ?? {}) as { readonly action?: unknown };
    if (typeof action !== 'string') return reply.code(400).send({ error: 'which action?' });
    const refusal = desk.begin(action);
    return refusal === undefined
      ? reply.code(202).send({ action })
      : reply.code(409).send({ error: refusal });
  });
}
