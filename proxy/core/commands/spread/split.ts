import type { Command } from '../../../protocol/command-table.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import { copyBytes, decimalLength, writeDecimal } from '../../base/bytes.ts';
import { BY_REFERENCE } from '../../server/segment.ts';
import { KEYS_AT_ONCE } from '../in-turn.ts';
import { keyTooLong, refuse, refuseAllEjected, wrongArity } from '../refusals.ts';
import type { Session } from '../session.ts';
import { LongSplit } from './long-split.ts';
import { type Part, type Shape, SplitRequest } from './split-request.ts';

const STAR = 42;

/** By command id. */
const shapes: (Shape | undefined)[] = [];

/** Scratch of the request at hand: the part of each server that has one … */
const partOf: (Part | undefined)[] = [];
/** … the number of the next key on the same server … */
let nextKey = new Int32Array(64);
/** … and where the request of a part is put together; its bytes are copied into the server's queue at once. */
const scratch = new Uint8Array(64 * 1024);
let composed = scratch;

/** MGET, MSET, DEL, UNLINK, TOUCH, EXISTS: one part for each server that owns a key. */
export function split(
  session: Session,
  command: Command,
  frame: RequestFrame,
  buffer: Uint8Array,
  from: number,
  to: number,
): void {
  const shape = shapeOf(command);
  const keys = (frame.argc - 1) / shape.step;
  if (keys < 1 || !Number.isInteger(keys)) {
    refuse(session, wrongArity(command));
    return;
  }
  if (keys > KEYS_AT_ONCE) {
    session.runAlone(new LongSplit(session, command, shape, frame, buffer, from, to));
    return;
  }
  const request = new SplitRequest(session, session.tail, shape.merge);
  const complete = assignKeys(session, request, frame, buffer, shape.step);
  const { parts } = request;
  for (let i = 0; i < parts.length; i++) partOf[parts[i].server] = undefined;
  if (!complete) return;
  const { lane, routing } = session;
  const tag = session.tail++;
  if (parts.length === 1) {
    const connection = routing.connectionFor(routing.servers[parts[0].server], lane, command.id);
    connection.send(session, tag, command.id, buffer, from, to);
    return;
  }
  // a part is no longer than the whole; the parts of a large request are not copied once more
  const isLarge = to - from > scratch.length;
  for (let i = 0; i < parts.length; i++) {
    if (isLarge) composed = new Uint8Array(to - from);
    const length = composePart(shape, parts[i], frame, buffer);
    // what is kept by reference needs bytes of its own
    const bytes = length > BY_REFERENCE && !isLarge ? composed.slice(0, length) : composed;
    const connection = routing.connectionFor(routing.servers[parts[i].server], lane, command.id);
    connection.send(request, i, command.id, bytes, 0, length);
  }
  composed = scratch;
}

/** Finds the server of every key. False when one has none, which the client was told. */
function assignKeys(
  session: Session,
  request: SplitRequest,
  frame: RequestFrame,
  buffer: Uint8Array,
  step: number,
): boolean {
  const { args, argc } = frame;
  const { pool } = session;
  if (nextKey.length < argc) nextKey = new Int32Array(argc * 2);
  for (let i = 1, key = 0; i < argc; i += step, key++) {
    const keyFrom = args[2 * i];
    const keyTo = args[2 * i + 1];
    if (keyTo - keyFrom > pool.keyLimit) {
      refuse(session, keyTooLong(pool, keyTo - keyFrom));
      return false;
    }
    const server = session.routing.serverFor(buffer, keyFrom, keyTo);
    if (server === null) {
      refuseAllEjected(session);
      return false;
    }
    let part = partOf[server.index];
    if (part === undefined) {
      part = request.addPart(server.index, key);
      partOf[server.index] = part;
    } else nextKey[part.lastKey] = key;
    request.addKey(part, key);
  }
  return true;
}

/** Writes the request for the keys of one part into `composed`; returns its length. */
function composePart(shape: Shape, part: Part, frame: RequestFrame, buffer: Uint8Array): number {
  const { step, name } = shape;
  const { args } = frame;
  const elements = 1 + part.keyCount * step;
  room(1 + decimalLength(elements) + name.length, 0);
  composed[0] = STAR;
  let at = writeDecimal(elements, composed, 1);
  copyBytes(name, 0, name.length, composed, at);
  at += name.length;
  for (let key = part.firstKey, left = part.keyCount; left > 0; left--) {
    const first = 1 + key * step;
    // an element reaches from the end of the one before to its own, `$n` and CRLF included
    const from = args[2 * first - 1] + 2;
    const to = args[2 * (first + step) - 1] + 2;
    room(at + to - from, at);
    copyBytes(buffer, from, to, composed, at);
    at += to - from;
    key = nextKey[key];
  }
  return at;
}

function room(size: number, used: number): void {
  if (size <= composed.length) return;
  const larger = new Uint8Array(size * 2);
  larger.set(composed.subarray(0, used));
  composed = larger;
}

function shapeOf(command: Command): Shape {
  let shape = shapes[command.id];
  if (shape === undefined) {
    const { name } = command;
    shape = {
      step: name === 'mset' ? 2 : 1,
      merge: name === 'mget' ? 'values' : name === 'mset' ? 'ok' : 'sum',
      name: Buffer.from(`\r\n$${name.length}\r\n${name}\r\n`),
    };
    shapes[command.id] = shape;
  }
  return shape;
}
