import { wordAt } from '../../../protocol/key-positions.ts';
import { errorReply, SYNTAX_ERROR, verbatimReply } from '../../../protocol/replies.ts';
import { isListening, listeningOf } from '../listening.ts';
import { shownArg } from '../refusals.ts';
import type { Answer, Session } from '../session.ts';

/** Every client of a proxy is a normal one, or a subscriber. */
const TYPES: ReadonlySet<string> = new Set(['normal', 'master', 'replica', 'slave', 'pubsub']);

/** What takes a few milliseconds to read. */
const MOST_IDS = 16_384;

/** CLIENT LIST [TYPE type | ID id …]: the clients of this pool that are connected to this process. */
export const clientList: Answer = (session, frame, buffer) => {
  const { argc } = frame;
  const lines = (fits: (each: Session) => boolean): Uint8Array => {
    let text = '';
    for (const each of session.pool.clients) if (fits(each)) text += `${clientLine(each)}\n`;
    return verbatimReply(text, session.protocol);
  };
  if (argc === 2) return lines(() => true);
  if (argc > MOST_IDS + 3) return errorReply(`CLIENT LIST has at most ${MOST_IDS} ids here`);
  const filter = wordAt(frame, buffer, 2);
  if (filter === 'type' && argc === 4) {
    const type = wordAt(frame, buffer, 3);
    if (!TYPES.has(type)) return errorReply(`Unknown client type '${shownArg(frame, buffer, 3)}'`);
    return lines((each) => type === (isListening(each) ? 'pubsub' : 'normal'));
  }
  if (filter !== 'id' || argc < 4) return SYNTAX_ERROR;
  const ids = new Set<number>();
  for (let i = 3; i < argc; i++) {
    const id = wordAt(frame, buffer, i);
    if (!/^-?[0-9]{1,19}$/.test(id)) return errorReply('Invalid client ID');
    ids.add(Number(id));
  }
  return lines(({ id }) => ids.has(id));
};

/** One client as CLIENT LIST shows it, without a line end. */
export function clientLine(session: Session): string {
  const age = Math.floor((Date.now() - session.connectedAt) / 1000);
  const { worker } = session.pool;
  const { channels, patterns, shardChannels } = listeningOf(session);
  const flags = isListening(session) ? 'P' : 'N';
  const where = worker === undefined ? '' : ` worker=${worker.place}`;
  return (
    `id=${session.id} addr=${session.remote} name=${session.name} age=${age} flags=${flags} db=${session.database} ` +
    `sub=${channels} psub=${patterns} ssub=${shardChannels} multi=-1 resp=${session.protocol} lib-name=${session.library} lib-ver=${session.libraryVersion}${where}`
  );
}
