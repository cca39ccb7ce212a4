import { bulkReply, EMPTY_ARRAY, integerReply } from '../../../protocol/replies.ts';

/** The Redis version whose commands the table knows; what clients that ask are told. */
export const REDIS_VERSION = '7.0.15';

/** HELLO's reply: a map in RESP3, a flat array in RESP2. */
export function helloReply(protocol: number, clientId: number): Uint8Array {
  return Buffer.concat([
    Buffer.from(protocol === 3 ? '%7\r\n' : '*14\r\n'),
    bulkReply('server'),
    bulkReply('redis'),
    bulkReply('version'),
    bulkReply(REDIS_VERSION),
    bulkReply('proto'),
    integerReply(protocol),
    bulkReply('id'),
    integerReply(clientId),
    bulkReply('mode'),
    bulkReply('standalone'),
    bulkReply('role'),
    bulkReply('master'),
    bulkReply('modules'),
    EMPTY_ARRAY,
  ]);
}
