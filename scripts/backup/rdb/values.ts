import type { RdbBytes, Reading } from './bytes.ts';

/**
 * How long a value is that begins here, by its type (rdb.h, RDB_TYPE_*; rdb.c, rdbSaveObject). Nothing of it is looked at:
 * what DUMP gives for a key is these bytes.
 */
type Skip = (bytes: RdbBytes) => Reading<void>;

const oneString: Skip = (bytes) => bytes.skipStrings(1);

/** A number of items, and for each what `item` is. */
const items = (item: Skip): Skip =>
  function* (bytes) {
    for (let left = yield* bytes.length(); left > 0; left--) yield* item(bytes);
  };

/** A number of items, each of so many strings. */
const strings = (each: number): Skip =>
  function* (bytes) {
    yield* bytes.skipStrings(each * (yield* bytes.length()));
  };

/** A score as text: 253, 254 and 255 stand for NaN and the infinities. */
const scoredAsText: Skip = function* (bytes) {
  yield* bytes.skipStrings(1);
  const length = yield* bytes.byte();
  if (length < 253) yield* bytes.skip(length);
};

const scored: Skip = function* (bytes) {
  yield* bytes.skipStrings(1);
  yield* bytes.skip(8);
};

/** A node of a list: whether it is packed, and its content. */
const listNode: Skip = function* (bytes) {
  yield* bytes.length();
  yield* bytes.skipStrings(1);
};

/** A field of a hash with its own expiry: that, its name, its value. */
const fieldWithExpiry: Skip = function* (bytes) {
  yield* bytes.length();
  yield* bytes.skipStrings(2);
};

const after = (count: number, then: Skip): Skip =>
  function* (bytes) {
    yield* bytes.skip(count);
    yield* then(bytes);
  };

const lengths = function* (bytes: RdbBytes, count: number): Reading<void> {
  for (let i = 0; i < count; i++) yield* bytes.length();
};

const STREAM_ID = 16;
const TIME = 8;

/** Version 2 (7.0) has the stream's history, version 3 (7.2) when a consumer was last active. */
const stream = (version: 1 | 2 | 3): Skip =>
  function* (bytes) {
    yield* strings(2)(bytes);
    yield* lengths(bytes, version === 1 ? 3 : 8);
    for (let groups = yield* bytes.length(); groups > 0; groups--) {
      yield* bytes.skipStrings(1);
      yield* lengths(bytes, version === 1 ? 2 : 3);
      for (let pending = yield* bytes.length(); pending > 0; pending--) {
        yield* bytes.skip(STREAM_ID + TIME);
        yield* bytes.length();
      }
      for (let consumers = yield* bytes.length(); consumers > 0; consumers--) {
        yield* bytes.skipStrings(1);
        yield* bytes.skip(version === 3 ? 2 * TIME : TIME);
        yield* bytes.skip((yield* bytes.length()) * STREAM_ID);
      }
    }
  };

/** By the number of the type. Those of modules are missing: nobody but the module knows where they end. */
export const VALUES: ReadonlyMap<number, Skip> = new Map<number, Skip>([
  [0, oneString],
  [1, strings(1)],
  [2, strings(1)],
  [3, items(scoredAsText)],
  [4, strings(2)],
  [5, items(scored)],
  [9, oneString],
  [10, oneString],
  [11, oneString],
  [12, oneString],
  [13, oneString],
  [14, strings(1)],
  [15, stream(1)],
  [16, oneString],
  [17, oneString],
  [18, items(listNode)],
  [19, stream(2)],
  [20, oneString],
  [21, stream(3)],
  [24, after(TIME, items(fieldWithExpiry))],
  [25, after(TIME, oneString)],
]);
