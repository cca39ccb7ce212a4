import { createServer, type Server, type Socket } from 'node:net';

/** What the stats port shows. */
export interface StatsSource {
  stats(): Promise<string>;
  metrics(): Promise<string>;
}

/**
 * Someone who says nothing within this gets the original's document: its readers never send a byte. Milliseconds.
 */
const PATIENCE = 100;
const LONGEST_REQUEST = 8192;
/** Readers at once, and how long one may take: each is a descriptor that a client could have. */
const MOST_READERS = 8;
const LONGEST_VISIT = 5000;

/**
 * The stats port: the JSON document to whoever connects, as in the original; to whoever speaks HTTP,
 * `GET /metrics` (Prometheus) and `GET /` (the same JSON).
 * @throws an Error with `code` when the address cannot be had
 */
export function listenStats(host: string, port: number, source: StatsSource): Promise<Server> {
  // half-open, because the answer may take a moment longer than the reader's FIN
  const server = createServer({ allowHalfOpen: true }, (socket) => serve(socket, source));
  server.maxConnections = MOST_READERS;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      server.on('error', () => {});
      resolve(server);
    });
  });
}

function serve(socket: Socket, source: StatsSource): void {
  let request = '';
  let answered = false;
  const answer = (text: Promise<string>): void => {
    answered = true;
    request = '';
    text.then(
      (document) => socket.end(document),
      () => socket.destroy(),
    );
  };
  const raw = setTimeout(() => answer(source.stats()), PATIENCE);
  socket.on('error', () => socket.destroy());
  // also of one that goes on sending
  const visit = setTimeout(() => socket.destroy(), LONGEST_VISIT);
  socket.on('close', () => {
    clearTimeout(raw);
    clearTimeout(visit);
  });
  socket.on('data', (chunk) => {
    clearTimeout(raw);
    // what comes behind a question is nobody's, and is not kept
    if (answered) return;
    request += chunk.toString('latin1');
    if (!/^(GET|HEAD) /.test(request)) answer(source.stats());
    else if (/\r?\n\r?\n/.test(request)) answer(httpReply(request, source));
    else if (request.length > LONGEST_REQUEST) socket.destroy();
  });
  socket.on('end', () => {
    clearTimeout(raw);
    if (answered) return;
    if (request === '') answer(source.stats());
    else socket.destroy();
  });
}

async function httpReply(request: string, source: StatsSource): Promise<string> {
  const [method, path] = request.split(' ', 2);
  const found: readonly [status: string, type: string, body: string] =
    path === '/metrics'
      ? ['200 OK', 'text/plain; version=0.0.4; charset=utf-8', await source.metrics()]
      : path === '/' || path === '/stats'
        ? ['200 OK', 'application/json', await source.stats()]
        : ['404 Not Found', 'text/plain', 'try /metrics or /stats\n'];
  const [status, type, body] = found;
  const head =
    `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
    'Connection: close\r\n\r\n';
  return method === 'HEAD' ? head : head + body;
}
