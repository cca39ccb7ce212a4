import assert from 'node:assert/strict';
import { Redis } from 'ioredis';

/** The original closes on everything that a client greets with. */
const PLAIN = { enableReadyCheck: false, disableClientInfo: true, protocol: 2 } as const;
const ENTRIES = 1500;
const READERS = 20;
const MIB = 1024 * 1024;
/** Of every so many values one has up to 1 MiB. */
const LARGE_EVERY = 100;

type Entry = readonly [key: Buffer, value: Buffer];

/**
 * Before anything is measured it must be right: writes through one proxy and reads through the other, both ways, with
 * binary keys and values of 0 B to 1 MiB, many clients at once, each with a deep pipeline. Every value is compared.
 * @returns how many values were compared
 * @throws AssertionError naming the first value that is wrong
 */
export async function checkValues(portA: number, portB: number): Promise<number> {
  return (await checkOneWay(portA, portB)) + (await checkOneWay(portB, portA));
}

async function checkOneWay(writerPort: number, readerPort: number): Promise<number> {
  const connect = (port: number): Redis => new Redis(port, '127.0.0.1', PLAIN);
  const writer = connect(writerPort);
  const readers = Array.from({ length: READERS }, () => connect(readerPort));
  const entries = Array.from({ length: ENTRIES }, (_, i) => entry(i));
  const keys = entries.map(([key]) => key);
  try {
    await Promise.all(entries.map(([key, value]) => writer.set(key, value)));
    await Promise.all(readers.map((reader, i) => compareValues(reader, rotated(entries, i * 31))));
    const many = await readers[0].mgetBuffer(keys);
    for (let i = 0; i < ENTRIES; i++) assertSame(entries[i], many[i]);
    assert.equal(await readers[0].del(keys), ENTRIES);
    return ENTRIES * (READERS + 1);
  } finally {
    for (const client of [writer, ...readers]) client.disconnect();
  }
}

/** Asks for all at once, that is in one pipeline. */
async function compareValues(reader: Redis, entries: readonly Entry[]): Promise<void> {
  const values = await Promise.all(entries.map(([key]) => reader.getBuffer(key)));
  for (let i = 0; i < entries.length; i++) assertSame(entries[i], values[i]);
}

function assertSame([key, value]: Entry, found: Buffer | null): void {
  if (found?.equals(value) === true) return;
  const what = found === null ? 'nothing' : `${found.length} bytes, others`;
  assert.fail(`the value of ${key.toString('latin1')} has ${value.length} bytes; ${what} came back`);
}

function entry(i: number): Entry {
  const key = Buffer.from(`check:${i * 7919}:\xff\x00`, 'latin1');
  const size = i % LARGE_EVERY === 0 ? (i * 104_729) % MIB : (i * 7919) % 4096;
  return [key, Buffer.alloc(size, `${i}\xfe\r\n`, 'latin1')];
}

function rotated<T>(list: readonly T[], by: number): T[] {
  return [...list.slice(by), ...list.slice(0, by)];
}
