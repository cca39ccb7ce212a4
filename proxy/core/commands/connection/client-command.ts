import { wordAt } from '../../../protocol/key-positions.ts';
import { bulkReply, errorReply, integerReply, OK } from '../../../protocol/replies.ts';
import type { RequestFrame } from '../../../protocol/request-frame.ts';
import type { Session } from '../session.ts';

/** CLIENT …: what concerns the client's own connection. */
export function clientCommand(session: Session, frame: RequestFrame, buffer: Uint8Array): Uint8Array {
  const subcommand = wordAt(frame, buffer, 1);
  const argument = (i: number): string =>
    Buffer.from(buffer.subarray(frame.args[2 * i], frame.args[2 * i + 1])).toString();
  const arity = { setname: 3, setinfo: 4 }[subcommand];
  if (arity !== undefined && frame.argc !== arity) {
    return errorReply(`wrong number of arguments for 'client|${subcommand}' command`);
  }
  switch (subcommand) {
    case 'id':
      return integerReply(session.id);
    case 'setname':
      return setName(session, argument(2));
    case 'getname':
      if (session.name === '') return Buffer.from(session.protocol === 3 ? '_\r\n' : '$-1\r\n');
      return bulkReply(session.name);
    case 'setinfo':
      return setInfo(session, argument(2).toLowerCase(), argument(3));
    case 'info':
      return bulkReply(`${describe(session)}\n`);
    case 'list':
      return bulkReply([...session.pool.clients].map((each) => `${describe(each)}\n`).join(''));
    case 'no-evict':
    case 'no-touch':
      return OK;
    default:
      return errorReply(
        `'client ${subcommand}' is not served: only what concerns the connection to the proxy is`,
      );
  }
}

function setName(session: Session, name: string): Uint8Array {
  if (/[^!-~]/.test(name)) {
    return errorReply('Client names cannot contain spaces, newlines or special characters.');
  }
  session.name = name;
  return OK;
}

function setInfo(session: Session, key: string, value: string): Uint8Array {
  if (/[^!-~]/.test(value))
    return errorReply(`${key} cannot contain spaces, newlines or special characters.`);
  if (key === 'lib-name') session.library = value;
  else if (key === 'lib-ver') session.libraryVersion = value;
  else return errorReply(`Unrecognized option '${key}'`);
  return OK;
}

function describe(session: Session): string {
  const age = Math.floor((Date.now() - session.connectedAt) / 1000);
  const { worker } = session.pool;
  const where = worker === undefined ? '' : ` worker=${worker.place}`;
  return (
    `id=${session.id} addr=${session.remote} name=${session.name} age=${age} db=${session.pool.config.redisDb} ` +
    `resp=${session.protocol} lib-name=${session.library} lib-ver=${session.libraryVersion}${where}`
  );
}
