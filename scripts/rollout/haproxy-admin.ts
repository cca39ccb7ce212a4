import type Docker from 'dockerode';
import { ADMIN_SOCKET } from '../../haproxy/haproxy-cfg.ts';
import { execInContainer } from '../observe/engine.ts';

const PATIENCE_MS = 3000;

/** One line of `show stat`: a server of a backend, or a whole FRONTEND or BACKEND. */
export interface HaproxyStat {
  readonly proxy: string;
  readonly server: string;
  /** `UP`, `DOWN`, `DRAIN`, `OPEN`, `STOP` … */
  readonly status: string;
  readonly sessions: number;
}

/** Commands to an edge's HAProxy, over the admin socket inside its container; returns what it answers. */
export async function haproxyCommand(
  engine: Docker,
  edge: string,
  ...commands: readonly string[]
): Promise<string> {
  // The words go as arguments, so that none of them is read as shell.
  const script = `printf '%s\\n' "$1" | socat -t ${PATIENCE_MS / 1000} STDIO UNIX-CONNECT:${ADMIN_SOCKET}`;
  const answer = await execInContainer(
    engine,
    edge,
    ['bash', '-c', script, 'haproxy', commands.join('; ')],
    PATIENCE_MS + 1000,
  );
  return answer.trim();
}

/**
 * Closes frontends, says `closed`, and waits until they have no sessions: in the container, for a command of its own for each look
 * would take longer than the clients, who are let in nowhere meanwhile. Ends with the number of those that are left. Arguments: socket,
 * tenths of a second, names of frontends.
 */
const CLOSE = `socket=$1 tenths=$2
shift 2
ask() { printf '%s\\n' "$1" | socat -t 3 STDIO "UNIX-CONNECT:$socket"; }
for name; do said=$(ask "disable frontend $name") || exit; done
echo closed
# by a clock that nobody sets
up() { read -r up _ </proc/uptime; up=$((10#\${up/./})); }
up
until=$((up + tenths * 10))
while :; do
  left=0
  while IFS=, read -r proxy server _ _ sessions _; do
    if [[ $server == FRONTEND && " $* " == *" $proxy "* ]]; then left=$((left + sessions)); fi
  done < <(ask 'show stat')
  up
  ((left > 0 && up < until)) || break
  sleep 0.02
done
echo "left $left"`;

/** Command line of `CLOSE`. */
export const closeCommand = (
  frontends: readonly string[],
  patienceMs: number,
  socket = ADMIN_SOCKET,
): readonly string[] => [
  'bash',
  '-c',
  CLOSE,
  'close',
  socket,
  String(Math.ceil(patienceMs / 100)),
  ...frontends,
];

/**
 * Lets nobody in at an edge any more, and waits until those who are in have left.
 *
 * @param onClosed called when nobody gets in any more
 * @returns how many are left when time is up
 */
export async function emptyFrontends(
  engine: Docker,
  edge: string,
  frontends: readonly string[],
  patienceMs: number,
  onClosed: () => void,
): Promise<number> {
  let closed = false;
  const onOutput = (text: string): void => {
    if (closed || !text.startsWith('closed\n')) return;
    closed = true;
    onClosed();
  };
  const command = closeCommand(frontends, patienceMs);
  const said = await execInContainer(engine, edge, command, patienceMs + PATIENCE_MS, { onOutput });
  return Number(/^left (\d+)$/m.exec(said)?.[1] ?? 0);
}

export async function haproxyStats(engine: Docker, edge: string): Promise<HaproxyStat[]> {
  return parseStats(await haproxyCommand(engine, edge, 'show stat'));
}

/** CSV of `show stat` -> its lines. */
export function parseStats(csv: string): HaproxyStat[] {
  const [header, ...lines] = csv.trim().split('\n');
  const columns = header.replace(/^# /, '').split(',');
  const column = (name: string): number => columns.indexOf(name);
  const [proxy, server, status, sessions] = ['pxname', 'svname', 'status', 'scur'].map(column);
  return lines
    .map((line) => line.split(','))
    .map((row) => ({
      proxy: row[proxy],
      server: row[server],
      status: row[status],
      sessions: Number(row[sessions] || 0),
    }));
}

/** Number of the process that serves now; another one after a reload. */
export async function haproxyPid(engine: Docker, edge: string): Promise<number> {
  const info = await haproxyCommand(engine, edge, 'show info');
  return Number(/^Pid: (\d+)$/m.exec(info)?.[1] ?? 0);
}
