/**
 * Every deliberate difference from the original's answers; docs/differences.md has one row for each, in these words.
 * What no entry explains is a defect.
 */
export interface Difference {
  readonly title: string;
  /** True when this difference explains the two answers to one request. */
  explains(request: readonly string[], original: Answer, ours: Answer): boolean;
}

export interface Answer {
  readonly bytes: string;
  readonly closed: boolean;
}

const isError = (answer: Answer): boolean => answer.bytes.startsWith('-');
/** A pipeline's answers of which one at least is an error in a server's words. */
const isServersOwn = (answer: Answer): boolean => /(^|\r\n)-(?!ERR )[A-Z]+ /.test(answer.bytes);
const name = (request: readonly string[]): string => request[0].toLowerCase();

export const DIFFERENCES: readonly Difference[] = [
  {
    title: 'An empty request (`*0`, `*-1`) is passed over',
    explains: ([first], original, ours) =>
      /^\*(0|-\d+)\r\n/.test(first) && original.closed && ours.bytes === '+PONG\r\n' && !ours.closed,
  },
  {
    title: 'SORT whose BY or GET may name keys of other servers is refused',
    explains: (request, _original, ours) =>
      /^sort/.test(name(request)) && /it may name keys of other servers/.test(ours.bytes) && !ours.closed,
  },
  {
    title: 'A script with 0 keys is refused when there are several servers',
    explains: (request, original, ours) =>
      /^eval/.test(name(request)) && original.closed && / with 0 keys is not served: /.test(ours.bytes),
  },
  {
    title: 'QUIT is answered with +OK before the connection closes',
    explains: (request, original, ours) =>
      name(request) === 'quit' && original.closed && ours.bytes === '+OK\r\n' && ours.closed,
  },
  {
    title: 'Inline commands (`PING` and a line end) are answered, and blank lines are passed over',
    explains: ([first], original, ours) =>
      !first.startsWith('*') &&
      first.endsWith('\n') &&
      original.closed &&
      original.bytes === '' &&
      !ours.closed,
  },
  {
    title: 'An unsupported command gets an error reply, not a closed connection',
    explains: (_request, original, ours) =>
      original.closed && original.bytes === '' && isError(ours) && !ours.closed,
  },
  {
    title: 'Commands that clients greet with are answered by the proxy',
    explains: (request, original, ours) =>
      original.closed &&
      !ours.closed &&
      ['client', 'echo', 'hello', 'info', 'ping', 'reset', 'select', 'time'].includes(name(request)),
  },
  {
    title: 'COMMAND is answered by the proxy from its own table, not by one of the servers',
    explains: (request, original, ours) =>
      name(request) === 'command' && !original.closed && original.bytes[0] === ours.bytes[0],
  },
  {
    title: 'Commands that the original does not know are forwarded by their keys',
    explains: (_request, original, ours) => original.closed && original.bytes === '' && !ours.closed,
  },
  {
    title: 'A protocol error is named before the connection closes',
    explains: (_request, original, ours) =>
      original.closed &&
      original.bytes === '' &&
      ours.bytes.startsWith('-ERR Protocol error: ') &&
      ours.closed,
  },
  {
    title: 'ZUNION, ZINTER and ZDIFF are routed by their keys, not by the number of keys',
    explains: (request, original, ours) =>
      ['zunion', 'zinter', 'zdiff'].includes(name(request)) && !original.closed && !ours.closed,
  },
  {
    title: "EXISTS counts keys on all servers, not only those on the first key's server",
    explains: (request, original, ours) =>
      name(request) === 'exists' && request.length > 2 && original.bytes[0] === ':' && ours.bytes[0] === ':',
  },
  {
    title: "A command whose keys live on different servers is refused, not sent to the first key's server",
    explains: (_request, _original, ours) => / live on different servers; /.test(ours.bytes) && !ours.closed,
  },
  {
    title: "A server's error is the client's, whatever it says",
    explains: (_request, original, ours) =>
      !ours.closed && /Invalid argument/.test(original.bytes) && isServersOwn(ours),
  },
];
