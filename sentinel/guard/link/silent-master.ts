import type { Socket } from 'node:net';
import { parse, type Reply } from '../redis.ts';

/** More than redis says at once while it attaches. Bytes. */
const LONGEST = 4096;

/**
 * A master that has nothing to say, for the own redis: a member that has voted follows it. Its data stays as it is, its
 * place in its history as well, and its link counts as up: Sentinel promotes no replica whose link was down for long, and
 * others may fetch from it what they lack.
 *
 * Whoever has no place in a history yet is told that there is nothing to be had; it asks again every second.
 */
export function silentMaster(socket: Socket, first: Buffer): void {
  let received: Buffer = Buffer.alloc(0);
  const take = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    if (received.length > LONGEST) {
      socket.destroy();
      return;
    }
    try {
      for (let parsed = parse(received, 0); parsed !== undefined; parsed = parse(received, 0)) {
        received = received.subarray(parsed.end);
        const answer = answerTo(parsed.value);
        if (answer !== '') socket.write(answer);
      }
    } catch {
      socket.destroy();
    }
  };
  take(first);
  socket.on('data', take);
}

function answerTo(request: Reply): string {
  if (!Array.isArray(request)) throw new Error('no request');
  const [command, option] = request.map((word) => String(word).toUpperCase());
  switch (command) {
    case 'PING':
      return '+PONG\r\n';
    case 'AUTH':
      return '+OK\r\n';
    case 'REPLCONF':
      return option === 'ACK' ? '' : '+OK\r\n';
    case 'PSYNC':
      return option === '?' ? '-NOMASTERLINK there is nobody to follow yet\r\n' : '+CONTINUE\r\n';
    default:
      throw new Error('no part of attaching');
  }
}
