import assert from 'node:assert/strict';
import { Redis } from 'ioredis';

/** Writes through one proxy, reads through the other, both ways: before anything is measured it must be right. */
export async function checkValues(portA: number, portB: number): Promise<number> {
  const [a, b] = [portA, portB].map((port) => new Redis(port, '127.0.0.1', PLAIN));
  try {
    let checked = 0;
    for (const [writer, reader] of [
      [a, b],
      [b, a],
    ]) {
      const entries = Array.from(
        { length: 1000 },
        (_, i) => [`check:${i * 7919}`, `${i}:${'v'.repeat(i * 7)}`] as const,
      );
      await Promise.all(entries.map(([key, value]) => writer.set(key, value)));
      const values = await Promise.all(entries.map(([key]) => reader.get(key)));
      assert.deepEqual(
        values,
        entries.map(([, value]) => value),
      );
      const many = await reader.mget(entries.map(([key]) => key));
      assert.deepEqual(many, values);
      assert.equal(await reader.del(entries.map(([key]) => key)), entries.length);
      checked += entries.length * 2;
    }
    return checked;
  } finally {
    a.disconnect();
    b.disconnect();
  }
}

/** The original closes on everything that a client greets with. */
const PLAIN = { enableReadyCheck: false, disableClientInfo: true, protocol: 2 } as const;
