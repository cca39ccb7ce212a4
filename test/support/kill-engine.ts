import { setTimeout as delay } from 'node:timers/promises';
import { engineProcess, startEngine } from '../../scripts/drill/faults/engine-process.ts';

/**
 * Kills the engine that listens on a socket outright, and starts it again as it was. To be run where it ran: in the network
 * namespace of a test engine. Argument: path of the socket.
 */
const [socket] = process.argv.slice(2);
const found = engineProcess(socket);
if (found === undefined) throw new Error(`no dockerd listens on ${socket}`);
process.kill(found.pid, 'SIGKILL');
while (engineProcess(socket) !== undefined) await delay(50);
await startEngine({ step: { progress: () => undefined, outcome: () => undefined } }, found, socket);
