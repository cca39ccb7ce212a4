import type { RedisMember } from '../../../topology/types.ts';
import type { EndWatch, WatchOptions } from './options.ts';
import { watchingClient } from './redis-client.ts';

const EVERY_MS = 50;

/** Notes each change of the role that a redis server says it has. */
export function watchRoles({ plan, credentials, timeline }: WatchOptions): EndWatch {
  const ends = plan.shards
    .flatMap(({ members }) => members)
    .map((member) =>
      watchRole(member, credentials.operator, (role) => timeline.note(member.name, 'role', role)),
    );
  return () => {
    for (const end of ends) end();
  };
}

function watchRole(member: RedisMember, password: string, changed: (role: string) => void): EndWatch {
  const client = watchingClient(member.address, member.port, password);
  let last = '';
  let asking = false;
  const tell = (role: string): void => {
    if (role !== last) changed(role);
    last = role;
  };
  const timer = setInterval(async () => {
    if (asking || client.status !== 'ready') return;
    asking = true;
    try {
      const [role] = (await client.role()) as [string];
      tell(role === 'slave' ? 'replica' : role);
    } catch {
      tell('unreachable');
    } finally {
      asking = false;
    }
  }, EVERY_MS);
  client.on('close', () => tell('unreachable'));
  return () => {
    clearInterval(timer);
    client.removeAllListeners('close');
    client.disconnect();
  };
}
