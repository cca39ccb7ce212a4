/**
 * The attacking process: runs in the network of an application's container, takes what it may know on stdin, and tells on
 * stdout what came of it. Started by round.ts, once for each attack.
 */
import { text } from 'node:stream/consumers';
import type { Outcome } from './attack.ts';
import { Attacker, type Guise, type Target } from './attacker.ts';
import { loadAttacks } from './catalogue.ts';

export interface Order {
  readonly attack: string;
  readonly guise: Guise;
  readonly target: Target;
  readonly prefix: string;
}

export interface Told extends Outcome {
  /** latin1 */
  readonly heard: string;
}

async function main(): Promise<void> {
  const order = JSON.parse(await text(process.stdin)) as Order;
  const attack = (await loadAttacks()).find(({ name }) => name === order.attack);
  if (attack === undefined) throw new Error(`there is no attack ${order.attack}`);
  const deadline = performance.now() + attack.seconds * 1000;
  const attacker = new Attacker(order.target, order.guise, order.prefix, deadline);
  // Being refused, cut off or kept out is what should happen to it.
  const outcome = await attack
    .run(attacker)
    .catch((error: Error): Outcome => ({ did: `was kept out: ${error.message}`, got: [] }));
  const told: Told = { ...outcome, heard: attacker.heard };
  process.stdout.write(JSON.stringify(told), () => process.exit(0));
}

await main();
