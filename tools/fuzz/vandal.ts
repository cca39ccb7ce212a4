import { encodeRequest } from '../../proxy/protocol/replies.ts';
import type { Chance } from '../../scripts/chance.ts';
import { oneOf } from '../../scripts/chance.ts';
import { DeafClient } from './deaf-client.ts';
import { mutated } from './mutate.ts';
import type { FuzzScene } from './scene.ts';

const REQUESTS: readonly (readonly string[])[] = [
  ['SET', 'vandal', 'x'.repeat(300)],
  ['GET', 'vandal'],
  ['MGET', 'vandal', 'vandal2', 'vandal3', 'vandal4'],
  ['MSET', 'vandal', '1', 'vandal2', '2', 'vandal3', '3'],
  ['DEL', 'vandal', 'vandal2', 'vandal3'],
  ['EVAL', 'return 1', '2', 'vandal', 'vandal2'],
  ['XREAD', 'COUNT', '1', 'STREAMS', 'vandal', 'vandal2', '0', '0'],
  ['SORT', 'vandal', 'STORE', 'vandal'],
  ['HELLO', '3', 'AUTH', 'default', 'secret', 'SETNAME', 'vandal'],
  ['CLIENT', 'SETNAME', 'vandal'],
  ['COMMAND', 'GETKEYS', 'MSET', 'vandal', '1'],
  ['SELECT', '0'],
  ['QUIT'],
];

/** A client that sends damaged requests. */
export class Vandal extends DeafClient {
  constructor(scene: FuzzScene, chance: Chance) {
    super(scene, chance, chance(2) === 0, 8);
  }

  protected next(): Uint8Array {
    const { chance } = this;
    const requests = Array.from({ length: 1 + chance(6) }, () => encodeRequest(oneOf(chance, REQUESTS)));
    return mutated(Buffer.concat(requests), chance);
  }
}
