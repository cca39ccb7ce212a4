/** What is said to both on one connection, line by line; what begins with `*` is sent as it stands. */
interface Conversation {
  readonly lines: readonly string[];
  /** No password is said before. */
  readonly anonymous?: boolean;
}

/** A deliberate difference from Redis; docs/differences.md has a row for each, in these words. */
interface DifferenceFromRedis {
  readonly title: string;
  /** The requests that are answered differently … */
  readonly lines: RegExp;
  /** … and how. */
  readonly looks: RegExp;
}

const LONG = 'x'.repeat(300);

/** Every command that the proxy answers itself, well and badly used. */
export const CONVERSATIONS: Readonly<Record<string, Conversation>> = {
  'before a password': {
    anonymous: true,
    lines: [
      'GET a',
      'PING',
      'CLIENT ID',
      'AUTH',
      'AUTH a b c',
      'AUTH wrong',
      'AUTH default wrong',
      'AUTH nobody secret',
      'HELLO',
      'HELLO 2',
      'HELLO 3 SETNAME x',
      'HELLO 3 AUTH default wrong',
      'HELLO 3 AUTH default secret',
      'GET a',
    ],
  },
  HELLO: {
    lines: [
      'HELLO',
      'HELLO abc',
      'HELLO 1',
      'HELLO 4',
      'HELLO -2',
      'HELLO 99999999999999999999',
      'HELLO 3 nonsense',
      'HELLO 3 SETNAME',
      'HELLO 3 setname',
      'HELLO 3 SETNAME a b',
      'HELLO 3 AUTH default',
      'HELLO 3 SETNAME one',
      'CLIENT GETNAME',
      'HELLO 2 AUTH default secret SETNAME two',
      'CLIENT GETNAME',
    ],
  },
  CLIENT: {
    lines: [
      'CLIENT',
      'CLIENT ID',
      'CLIENT ID x',
      'CLIENT INFO',
      'CLIENT INFO x',
      'CLIENT GETNAME',
      'CLIENT GETNAME x',
      'CLIENT SETNAME',
      'CLIENT SETNAME a b',
      'CLIENT SETNAME a\nb',
      'CLIENT SETNAME me',
      'CLIENT GETNAME',
      'CLIENT NOSUCH',
      `CLIENT ${LONG}`,
      'CLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type none',
      'CLIENT NO-EVICT',
      'CLIENT NO-EVICT maybe',
      'CLIENT NO-EVICT on',
      'CLIENT NO-TOUCH on',
      'CLIENT SETINFO LIB-NAME x',
      'CLIENT LIST',
      'CLIENT LIST ID 999999',
      'CLIENT LIST ID abc',
      'CLIENT LIST ID',
      'CLIENT LIST ID 1 2 x',
      'CLIENT LIST TYPE',
      'CLIENT LIST TYPE pubsub',
      'CLIENT LIST TYPE master',
      'CLIENT LIST TYPE replica',
      'CLIENT LIST TYPE slave',
      'CLIENT LIST TYPE bogus',
      'CLIENT LIST TYPE normal',
      'CLIENT LIST FOO',
      'CLIENT LIST FOO bar',
      'CLIENT GETREDIR',
      'CLIENT GETREDIR x',
      'CLIENT TRACKINGINFO',
      'CLIENT REPLY ON',
      'CLIENT REPLY maybe',
      'CLIENT CACHING YES',
      'CLIENT CACHING maybe',
      'CLIENT UNBLOCK 5',
      'CLIENT UNBLOCK 5 ERROR',
      'CLIENT UNBLOCK 5 maybe',
      'CLIENT UNBLOCK abc',
      'CLIENT KILL',
      'CLIENT KILL ID 999999',
      'CLIENT HELP',
      'CLIENT HELP x',
    ],
  },
  SELECT: { lines: ['SELECT', 'SELECT abc', 'SELECT 99', 'SELECT -1', 'SELECT 0', 'GET a'] },
  CLUSTER: {
    lines: ['CLUSTER', 'CLUSTER INFO', 'CLUSTER SLOTS', 'READONLY', 'READWRITE', 'ASKING', 'ASKING x'],
  },
  'small ones': {
    lines: [
      'ECHO',
      'ECHO hello',
      'ECHO a b',
      'PING',
      'PING hello',
      'PING a b',
      'TIME x',
      'TIME',
      'RESET x',
      'RESET',
      'AUTH secret',
      'QUIT x',
    ],
  },
  'what is no command': {
    lines: [
      'NOSUCH',
      'NOSUCH a bb ccc dddd eeeee ffffff ggggggg hhhhhhhh iiiiiiiii jjjjjjjjjj kkkkkkkkkkk llllllllllll mmmmmmmmmmmmm',
      `NOSUCH ${LONG} b`,
      `${LONG} a`,
      '*0\r\n*1\r\n$4\r\nPING\r\n',
      '*-1\r\n*1\r\n$4\r\nPING\r\n',
      '*-10\r\n*0\r\n*1\r\n$4\r\nPING\r\n',
    ],
  },
};

export const DIFFERENCES_FROM_REDIS: readonly DifferenceFromRedis[] = [
  {
    title: 'PING is answered before AUTH, and -NOAUTH has no final dot',
    lines: /^(PING|GET a|CLIENT ID)$/,
    looks: /^(\+PONG|-NOAUTH Authentication required)\r\n$/,
  },
  {
    title: 'CLIENT LIST and INFO show what the proxy knows of its clients',
    lines: /^CLIENT (ID$|LIST|INFO)/,
    looks: /^([$=]\d+\r\n(txt:)?id=\d+ addr=|:\d+\r\n$)/,
  },
  {
    title: 'CLIENT SETINFO and NO-TOUCH, of Redis 7.2, are accepted',
    lines: /^CLIENT (SETINFO|NO-TOUCH) /,
    looks: /^\+OK\r\n$/,
  },
  {
    title: 'CLIENT KILL, PAUSE, UNPAUSE, TRACKING and REPLY OFF are refused',
    lines: /^CLIENT KILL/,
    looks: /^-ERR 'client kill' is not served: /,
  },
  { title: 'HELP says what the proxy serves', lines: /^CLIENT HELP$/, looks: /^\*\d+\r\n\+CLIENT </ },
  {
    title: 'SELECT of another database is refused, and then everything that concerns keys until a good one',
    lines: /^SELECT -?\d+$/,
    looks: /^-ERR DB index is out of range: /,
  },
  {
    title: 'TIME is the time of the proxy',
    lines: /^TIME$/,
    looks: /^\*2\r\n\$10\r\n\d+\r\n\$\d\r\n\d+\r\n$/,
  },
];
