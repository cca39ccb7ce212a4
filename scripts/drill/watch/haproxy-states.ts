import { get } from 'node:http';
import type { EdgeMember } from '../../../topology/types.ts';
import type { EndWatch, WatchOptions } from './options.ts';

const EVERY_MS = 100;
const PATIENCE_MS = 400;
/** A lost answer in a busy moment is no news; two in a row are. */
const SILENT_AFTER = 2;

/** Notes each change of what an edge's HAProxy thinks of a proxy, and when it stops or starts to answer. */
export function watchHaproxy({ plan, timeline }: WatchOptions): EndWatch {
  const ends = plan.edges.map((edge) =>
    watchEdge(edge, (event, text) => timeline.note(edge.name, event, text)),
  );
  return () => {
    for (const end of ends) end();
  };
}

function watchEdge(edge: EdgeMember, note: (event: string, text: string) => void): EndWatch {
  let states = new Map<string, string>();
  let silent = 0;
  let asking = false;
  const look = async (): Promise<void> => {
    const csv = await fetchStats(edge);
    if (csv === undefined) {
      silent += 1;
      if (silent === SILENT_AFTER) note('haproxy', 'does not answer');
      return;
    }
    if (silent >= SILENT_AFTER) note('haproxy', 'answers');
    silent = 0;
    const now = parseServerStates(csv);
    for (const [server, state] of now)
      if (states.has(server) && states.get(server) !== state) note('server', `${server} ${state}`);
    states = now;
  };
  const timer = setInterval(() => {
    if (asking) return;
    asking = true;
    void look().finally(() => {
      asking = false;
    });
  }, EVERY_MS);
  return () => clearInterval(timer);
}

/** CSV of HAProxy's statistics -> state (`UP`, `DOWN`, `UP 1/2` …) of every server. */
export function parseServerStates(csv: string): Map<string, string> {
  const [header, ...lines] = csv.trim().split('\n');
  const columns = header.replace(/^# /, '').split(',');
  const [name, status] = [columns.indexOf('svname'), columns.indexOf('status')];
  const rows = lines.map((line) => line.split(',')).filter((row) => !/^(FRONTEND|BACKEND)$/.test(row[name]));
  return new Map(rows.map((row) => [row[name], row[status]]));
}

function fetchStats(edge: EdgeMember): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const request = get(
      { host: edge.address, port: edge.opsPort, path: '/stats;csv', agent: false, timeout: PATIENCE_MS },
      (response) => {
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(response.statusCode === 200 ? text : undefined));
        response.on('error', () => resolve(undefined));
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
    request.on('close', () => resolve(undefined));
  });
}
