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
