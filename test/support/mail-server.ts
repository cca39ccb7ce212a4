import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { CertificateFiles } from './certificates.ts';

/** A mail as it was handed over. */
export interface Mail {
  readonly from: string;
  readonly to: string;
  /** User and password that were said before, with a blank between. */
  readonly login: string;
  /** Whether the way was encrypted. */
  readonly encrypted: boolean;
  /** Headers and text. */
  readonly text: string;
}

export interface MailServer {
  readonly port: number;
  readonly mails: readonly Mail[];
  stop(): void;
}

/** A mail server on loopback that takes every mail, as most do: STARTTLS first, then AUTH PLAIN (RFC 5321, 3207, 4954). */
export async function startMailServer(files: CertificateFiles): Promise<MailServer> {
  const mails: Mail[] = [];
  const secureContext = createSecureContext({ cert: readFileSync(files.cert), key: readFileSync(files.key) });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.write('220 mail\r\n');
    converse(socket, false);
  });

  function converse(socket: Socket, encrypted: boolean): void {
    let [rest, from, to, login] = ['', '', '', ''];
    let letter: string[] | undefined;
    const answer = (line: string): string | undefined => {
      if (letter !== undefined) {
        if (line !== '.') {
          letter.push(line.replace(/^\./, ''));
          return undefined;
        }
        mails.push({ from, to, login, encrypted, text: letter.join('\n') });
        letter = undefined;
        return '250 taken';
      }
      const [verb, ...words] = line.split(' ');
      switch (verb.toUpperCase()) {
        case 'EHLO':
          return encrypted ? '250-mail\r\n250 AUTH PLAIN' : '250-mail\r\n250 STARTTLS';
        case 'AUTH':
          login = Buffer.from(words[1], 'base64').toString().split('\0').slice(1).join(' ');
          return '235 welcome';
        case 'MAIL':
          from = line;
          return '250 good';
        case 'RCPT':
          to = line;
          return '250 good';
        case 'DATA':
          letter = [];
          return '354 go on';
        case 'QUIT':
          return '221 bye';
        default:
          return '500 what?';
      }
    };
    const read = (chunk: Buffer): void => {
      const lines = (rest + chunk.toString()).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.toUpperCase() === 'STARTTLS') {
          socket.off('data', read);
          socket.write('220 go on\r\n');
          const secure = new TLSSocket(socket, { isServer: true, secureContext });
          secure.on('error', () => socket.destroy());
          converse(secure, true);
          return;
        }
        const said = answer(line);
        if (said !== undefined) socket.write(`${said}\r\n`);
      }
    };
    socket.on('error', () => socket.destroy());
    socket.on('data', read);
  }

  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
