import { createInterface } from 'node:readline';

/** The protocol to ask for: undefined leaves the client its default. */
export const [port, protocol] = [
  Number(process.argv[2]),
  process.argv[3] === 'default' ? undefined : Number(process.argv[3]),
];

/** Carries out the steps named on stdin, one a line, and says on stdout what came of each. */
export async function runSteps(steps) {
  for await (const name of createInterface({ input: process.stdin })) {
    const result = await steps[name]();
    process.stdout.write(`${name}\t${String(result).replaceAll('\n', ' ')}\n`);
  }
}

export const BYTES = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
export const MANY = Array.from({ length: 100 }, (_, i) => `many:${i * 7919}`);

/** Asks until there is an answer: a client that has lost its connection may fail a few times. */
export async function untilAnswered(ask) {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      return await ask();
    } catch {
      await new Promise((done) => setTimeout(done, 50));
    }
  }
  return 'no answer';
}
