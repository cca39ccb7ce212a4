import { answeringServer } from './answering-server.ts';

/** A stranger who plays a Redis master well enough for a sentinel, and keeps whatever it is told. */
export interface FakeMaster {
  readonly port: number;
  /** Every request so far, its words joined by blanks. */
  readonly heard: readonly string[];
  close(): void;
}

const INFO = '# Replication\r\nrole:master\r\nrun_id:0123456789012345678901234567890123456789\r\n';

/** Listens on 127.0.0.1. */
export async function startFakeMaster(): Promise<FakeMaster> {
  const heard: string[] = [];
  const { port, close } = await answeringServer((words) => {
    heard.push(words.join(' '));
    return answerTo(words[0].toUpperCase());
  });
  return { port, heard, close };
}

function answerTo(command: string): string {
  if (command === 'PING') return '+PONG\r\n';
  if (command === 'INFO') return `$${INFO.length}\r\n${INFO}\r\n`;
  if (command === 'ROLE') return '*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n';
  return '+OK\r\n';
}
