import { RawClient, request } from './raw-client.ts';

/** What one of several clients sends next: one request, or several in one go. */
export interface Step {
  readonly client: number;
  readonly requests: readonly (readonly string[])[];
}

/**
 * Lets clients of one server carry out a program, one step after the other, and notes what each is answered.
 * @param places a port, once for each client
 * @returns one line for each step
 */
export async function carryOut(port: number, clients: number, program: readonly Step[]): Promise<string[]> {
  const connections: RawClient[] = [];
  try {
    for (let i = 0; i < clients; i++) connections.push(await RawClient.open(port));
    const said: string[] = [];
    for (const { client, requests } of program) {
      const bytes = Buffer.concat(requests.map((words) => request(...words)));
      const reply = await connections[client].ask(bytes, requests.length);
      said.push(
        `${client}: ${requests.map((words) => words.join(' ')).join(' | ')} => ${JSON.stringify(reply)}`,
      );
    }
    return said;
  } finally {
    for (const connection of connections) connection.end();
  }
}
