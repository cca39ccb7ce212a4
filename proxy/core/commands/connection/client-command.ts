import { wordAt } from '../../../protocol/key-positions.ts';
import { bulkReply, errorReply, integerReply, OK } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import type { Client } from '../../client/client.ts';
import type { Pool } from '../../pool.ts';

/** CLIENT …: what concerns the client's own connection. */
export function clientCommand(
  pool: Pool,
  client: Client,
  frame: RequestFrame,
  buffer: Uint8Array,
): Uint8Array {
  const subcommand = wordAt(frame, buffer, 1);
  const argument = (i: number): string =>
    Buffer.from(buffer.subarray(frame.args[2 * i], frame.args[2 * i + 1])).toString();
  const arity = { setname: 3, setinfo: 4 }[subcommand];
  if (arity !== undefined && frame.argc !== arity) {
    return errorReply(`wrong number of arguments for 'client|${subcommand}' command`);
  }
  switch (subcommand) {
    case 'id':
      return integerReply(client.id);
    case 'setname':
      return setName(client, argument(2));
    case 'getname':
      if (client.name === '') return Buffer.from(client.protocol === 3 ? '_\r\n' : '$-1\r\n');
      return bulkReply(client.name);
    case 'setinfo':
      return setInfo(client, argument(2).toLowerCase(), argument(3));
    case 'info':
      return bulkReply(`${describe(client)}\n`);
    case 'list':
      return bulkReply([...pool.clients].map((each) => `${describe(each)}\n`).join(''));
    case 'no-evict':
    case 'no-touch':
      return OK;
    default:
      return errorReply(
        `'client ${subcommand}' is not served: only what concerns the connection to the proxy is`,
      );
  }
}

function setName(client: Client, name: string): Uint8Array {
  if (/[^!-~]/.test(name)) {
    return errorReply('Client names cannot contain spaces, newlines or special characters.');
  }
  client.name = name;
  return OK;
}

function setInfo(client: Client, key: string, value: string): Uint8Array {
  if (/[^!-~]/.test(value))
    return errorReply(`${key} cannot contain spaces, newlines or special characters.`);
  if (key === 'lib-name') client.library = value;
  else if (key === 'lib-ver') client.libraryVersion = value;
  else return errorReply(`Unrecognized option '${key}'`);
  return OK;
}

function describe(client: Client): string {
  const age = Math.floor((Date.now() - client.connectedAt) / 1000);
  const { worker } = client.pool;
  const where = worker === undefined ? '' : ` worker=${worker.place}`;
  return (
    `id=${client.id} addr=${client.remote} name=${client.name} age=${age} db=${client.pool.config.redisDb} ` +
    `resp=${client.protocol} lib-name=${client.library} lib-ver=${client.libraryVersion}${where}`
  );
}
