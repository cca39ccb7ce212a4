/**
 * An engine behind ssh: OpenSSH's own `ssh … docker system dial-stdio` as the socket of an HTTP agent, as docker's own
 * command does it. So known hosts, keys, agents and ssh_config are the person's, and a host key that is not known is refused;
 * docker-modem's ssh knows only an agent's keys and takes any host for the right one.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Socket } from 'node:net';
import { Duplex, type Readable, type Writable } from 'node:stream';

/** sshd drops logins beyond ten that have not finished (MaxStartups 10:30:100); requests wait for each other beyond this. */
const CONNECTIONS = 6;
/** How often a silent host is asked whether it is there, and how many questions in a row may stay unanswered. */
export const ALIVE_SECONDS = 5;
export const ALIVE_QUESTIONS = 3;
/** Of what ssh says on stderr the end is kept. */
const WORDS_KEPT = 2000;

/** An ssh that ended before, or instead of, carrying the connection; the message has ssh's own last words. */
export class SshError extends Error {
  override readonly name = 'SshError';
  /** Exit code of ssh: 255 for its own errors, else that of the command on the other side. */
  readonly exitCode: number | undefined;

  constructor(message: string, exitCode?: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * The command line for `ssh://[user@]host[:port]`.
 * @param options further arguments of ssh, e.g. `-o`, `IdentityFile=…`
 * @throws SshError for an address with a password or a path, which ssh would not take
 */
export function sshCommand(address: string, options: readonly string[], connectSeconds: number): string[] {
  const { hostname, password, pathname, port, protocol, username } = new URL(address);
  if (protocol !== 'ssh:' || hostname === '') throw new SshError(`${address} is no ssh:// address`);
  if (password !== '') throw new SshError('an ssh:// address holds no password: ssh logs in with a key');
  if (pathname !== '' && pathname !== '/')
    throw new SshError('an ssh:// address has no path behind the host');
  return [
    ...options,
    '-o',
    'BatchMode=yes',
    '-o',
    `ConnectTimeout=${connectSeconds}`,
    // A host that lost its power says nothing any more.
    '-o',
    `ServerAliveInterval=${ALIVE_SECONDS}`,
    '-o',
    `ServerAliveCountMax=${ALIVE_QUESTIONS}`,
    '-T',
    ...(username === '' ? [] : ['-l', decodeURIComponent(username)]),
    ...(port === '' ? [] : ['-p', port]),
    '--',
    hostname,
    'docker',
    'system',
    'dial-stdio',
  ];
}

/** A process's stdin and stdout as one stream, with what `node:http` expects of a socket. */
class SshPipe extends Duplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #words = '';
  #idle: NodeJS.Timeout | undefined;

  constructor(args: readonly string[]) {
    super({ allowHalfOpen: true });
    // In a session of its own: Ctrl-C is for us, and what we do about it still takes the connection.
    this.#child = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#words = (this.#words + String(chunk)).slice(-WORDS_KEPT);
    });
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#idle?.refresh();
      if (!this.push(chunk)) this.#child.stdout.pause();
    });
    // Its end says why.
    this.#child.stdin.on('error', () => undefined);
    this.#child.on('error', (error) => this.destroy(new SshError(`ssh cannot be run: ${error.message}`)));
    // Not `exit`: stderr may still have something to say then.
    this.#child.on('close', (code) => {
      if (code === 0) this.push(null);
      else this.destroy(new SshError(this.#lastWords(code), code ?? undefined));
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#idle?.refresh();
    // What cannot be written is no reason: ssh has ended, or is about to, and its words say why.
    this.#child.stdin.write(chunk, () => done());
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#child.stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#idle);
    this.#child.kill();
    done(error);
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  /** As a socket's: `timeout` is emitted when nothing came or went for so long; 0 = never. */
  setTimeout(milliseconds: number, then?: () => void): this {
    clearTimeout(this.#idle);
    this.#idle = milliseconds > 0 ? setTimeout(() => this.emit('timeout'), milliseconds).unref() : undefined;
    if (then !== undefined && milliseconds > 0) this.once('timeout', then);
    return this;
  }

  ref(): this {
    for (const handle of this.#handles()) handle.ref();
    return this;
  }

  /** An idle one keeps no program alive. */
  unref(): this {
    for (const handle of this.#handles()) handle.unref();
    return this;
  }

  #handles(): ReadonlyArray<{ ref(): unknown; unref(): unknown }> {
    const { stdin, stdout, stderr } = this.#child;
    // Pipes of a child process are sockets (node:child_process), whatever their type says.
    return [this.#child, ...[stdin, stdout, stderr].filter((pipe) => pipe instanceof Socket)];
  }

  #lastWords(code: number | null): string {
    const words = this.#words.trim().replaceAll(/\s*\r?\n\s*/g, '; ');
    return `ssh ended with ${code ?? 'a signal'}${words === '' ? '' : `: ${words}`}`;
  }
}

/** An HTTP agent whose connections are ssh's. */
export class SshAgent extends Agent {
  readonly #args: readonly string[];

  /** @param streams how many requests may last, which keep the connections that they have */
  constructor(args: readonly string[], streams = 0) {
    super({ keepAlive: true, maxFreeSockets: 1, maxSockets: CONNECTIONS + streams });
    this.#args = args;
  }

  override createConnection(): Duplex {
    return new SshPipe(this.#args);
  }
}
