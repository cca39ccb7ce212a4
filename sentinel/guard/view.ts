import type { RedisView } from './core/memory.ts';

/** Seconds since a replica's last acknowledgement (one a second) up to which it counts as there. */
const FRESH_LAG_S = 1;

/** Their text and what belongs to it, and what Lua has made of it, with its garbage. Bytes. */
export interface LuaBytes {
  readonly text: number;
  readonly lua: number;
}

/** Everything of INFO that the guard goes by. */
export interface FullView extends RedisView {
  /** `master_link_down_since_seconds`; 0 while the link is up. */
  readonly linkDownSeconds: number;
  /** `replica-priority` as it is set now. */
  readonly priority: number;
  /** The history before the present one, and the offset at which the present one began. */
  readonly formerReplid: string;
  readonly began: number;
  /** What Lua takes for scripts that came with EVAL or SCRIPT LOAD, `maxmemory`. Bytes. */
  readonly scripts: LuaBytes;
  /** The same for functions, with what they keep between calls; and how many libraries there are. */
  readonly functions: LuaBytes;
  readonly libraries: number;
  /** What redis remembers for CLIENT TRACKING: keys, and for each of them the clients that read it. */
  readonly trackedKeys: number;
  readonly trackedItems: number;
  readonly maxmemory: number;
  /** It was told to end (SIGTERM) and waits for its replicas to have everything; writes wait, too. */
  readonly ending: boolean;
  /** Length of the append-only file: grows with every write. */
  readonly aofBytes: number;
}

/** Sections of INFO that `parseView` reads. */
export const VIEW_SECTIONS = ['server', 'replication', 'persistence', 'memory', 'stats'] as const;

/** Reads the reply to INFO of these sections. */
export function parseView(info: string): FullView {
  const fields = new Map(
    info.split('\r\n').map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
  const number = (name: string): number => Number(fields.get(name) ?? 0);
  const isMaster = fields.get('role') === 'master';
  const fresh = [...fields].filter(([name, value]) => /^slave\d+$/.test(name) && isFresh(value)).length;
  return {
    role: isMaster ? 'master' : 'replica',
    follows: isMaster ? '' : `${fields.get('master_host')}:${fields.get('master_port')}`,
    linkUp: fields.get('master_link_status') === 'up' && number('master_sync_in_progress') === 0,
    loading:
      number('loading') !== 0 || number('async_loading') !== 0 || number('master_sync_in_progress') !== 0,
    replid: fields.get('master_replid') ?? '',
    offset: number('master_repl_offset'),
    backlogFrom: number('repl_backlog_active') === 1 ? number('repl_backlog_first_byte_offset') : null,
    stored:
      number('aof_enabled') === 1 &&
      number('aof_rewrite_in_progress') === 0 &&
      number('aof_rewrite_scheduled') === 0,
    freshReplicas: fresh,
    linkDownSeconds: Math.max(0, number('master_link_down_since_seconds')),
    priority: Number(fields.get('slave_priority') ?? 100),
    formerReplid: fields.get('master_replid2') ?? '',
    began: number('second_repl_offset') - 1,
    scripts: { text: number('used_memory_scripts_eval'), lua: number('used_memory_vm_eval') },
    functions: { text: number('used_memory_functions'), lua: number('used_memory_vm_functions') },
    libraries: number('number_of_libraries'),
    trackedKeys: number('tracking_total_keys'),
    trackedItems: number('tracking_total_items'),
    maxmemory: number('maxmemory'),
    ending: fields.has('shutdown_in_milliseconds'),
    aofBytes: number('aof_current_size'),
  };
}

/** `ip=…,port=…,state=online,offset=…,lag=…` */
function isFresh(text: string): boolean {
  const lag = /,lag=(-?\d+)/.exec(text);
  return (
    text.includes('state=online') && lag !== null && Number(lag[1]) >= 0 && Number(lag[1]) <= FRESH_LAG_S
  );
}
