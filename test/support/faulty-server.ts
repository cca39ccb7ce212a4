import { type AddressInfo, createServer, type Server } from 'node:net';

/** How a faulty server answers a request. */
export type Fault =
  | 'hang'
  | 'reset'
  | 'close'
  | 'half'
  | 'junk'
  | 'resp3'
  | 'oom'
  | 'busy'
  | 'loading'
  | 'readonly'
  | 'masterdown'
  | 'misconf'
  | 'noauth'
  | 'good'
  | 'extra';

const ANSWERS: Readonly<Partial<Record<Fault, string>>> = {
  half: '$100\r\nabc',
  junk: 'hello\r\n',
  resp3: '(12345\r\n',
  oom: '-OOM command not allowed when used memory > maxmemory.\r\n',
  busy: '-BUSY Redis is busy running a script.\r\n',
  loading: '-LOADING Redis is loading the dataset in memory\r\n',
  readonly: "-READONLY You can't write against a read only replica.\r\n",
  masterdown: "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
  misconf:
    '-MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.\r\n',
  noauth: '-NOAUTH Authentication required.\r\n',
  good: '$4\r\ngood\r\n',
  extra: '$4\r\ngood\r\n$5\r\nextra\r\n',
};

/** A server on loopback that does one thing wrong, the same with every chunk of requests. */
export async function startFaultyServer(fault: Fault): Promise<{ port: number; stop(): void }> {
  const server: Server = createServer((socket) => {
    socket.unref();
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      if (fault === 'hang') return;
      if (fault === 'reset') socket.resetAndDestroy();
      else if (fault === 'close') socket.end();
      else {
        const requests = chunk.toString('latin1').split('*').length - 1;
        const answer = ANSWERS[fault] ?? '';
        if (fault === 'half') socket.end(answer);
        else socket.write(answer.repeat(requests));
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  server.unref();
  return { port: (server.address() as AddressInfo).port, stop: () => server.close() };
}
