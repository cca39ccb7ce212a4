import { encodeRequest } from '../../proxy/protocol/replies.ts';
import { type Chance, oneOf } from '../../scripts/chance.ts';
import { DeafClient } from './deaf-client.ts';
import type { FuzzScene } from './scene.ts';

/** What changes what a connection is: waiting, watching, listening, collecting, another database, caching. */
const REQUESTS: readonly (readonly string[])[] = [
  ['BLPOP', 'w:1', 'w:1', '0.05'],
  ['BLPOP', 'w:2', '3'],
  ['XREAD', 'BLOCK', '50', 'STREAMS', 'w:3', '$'],
  ['MULTI'],
  ['EXEC'],
  ['EXEC'],
  ['DISCARD'],
  ['WATCH', 'w:1'],
  ['WATCH', 'w:4'],
  ['UNWATCH'],
  ['SUBSCRIBE', 'c1', 'c2'],
  ['SUBSCRIBE', 'c3'],
  ['PSUBSCRIBE', 'p*'],
  ['SSUBSCRIBE', 's1'],
  ['UNSUBSCRIBE'],
  ['PUNSUBSCRIBE', 'p*'],
  ['SUNSUBSCRIBE'],
  ['PUBLISH', 'c1', 'hello'],
  ['EVAL', 'return 1', '1', 'w:1'],
  ['EVALSHA', 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db', '1', 'w:1'],
  ['SELECT', '1'],
  ['SELECT', '0'],
  ['CLIENT', 'TRACKING', 'ON'],
  ['CLIENT', 'TRACKING', 'ON', 'BCAST'],
  ['CLIENT', 'TRACKING', 'OFF'],
  ['CLIENT', 'REPLY', 'SKIP'],
  ['CLIENT', 'LIST'],
  ['HELLO', '3'],
  ['HELLO', '2'],
  ['WAIT', '1', '20'],
  ['SCAN', '0'],
  ['DBSIZE'],
  ['RESET'],
];
/** And what comes between. */
const PLAIN: readonly (readonly string[])[] = [
  ['SET', 'w:1', 'x'],
  ['SET', 'w:4', 'x'.repeat(400)],
  ['SET', 'w:5', 'x'.repeat(40_000)],
  ['GET', 'w:1'],
  ['GET', 'w:5'],
  ['MGET', 'w:1', 'w:2', 'w:3', 'w:4'],
  ['MSET', 'w:1', '1', 'w:2', '2', 'w:3', '3'],
];

/**
 * A client whose requests are whole, and whose connection is one thing after another. Nobody looks at what it is told:
 * all it must not do is to end the proxy, keep others waiting, or leave something behind.
 */
export class Wanderer extends DeafClient {
  /** @param habits a few of them: who did everything would be refused most of it, in a transaction or while listening */
  constructor(
    scene: FuzzScene,
    chance: Chance,
    password: string | undefined,
    private readonly habits = Array.from({ length: 1 + chance(6) }, () => oneOf(chance, REQUESTS)),
  ) {
    super(scene, chance, chance(3) === 0, 40);
    if (password !== undefined) this.say(encodeRequest(['AUTH', password]));
  }

  protected next(): Uint8Array {
    const { chance, habits } = this;
    const requests = Array.from({ length: 1 + chance(3) }, () =>
      encodeRequest(oneOf(chance, chance(3) === 0 ? PLAIN : habits)),
    );
    return Buffer.concat(requests);
  }
}
