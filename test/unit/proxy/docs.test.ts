import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LISTS, SCALARS } from '../../../proxy/config/directives.ts';

/** What nutcracker 0.5.0 knows (nc_conf.c). */
const ORIGINAL =
  `listen hash hash_tag distribution timeout backlog client_connections redis tcpkeepalive redis_auth
redis_db preconnect auto_eject_hosts server_connections server_retry_timeout server_failure_limit servers`.split(
    /\s/,
  );

test('docs/nutcracker-yml.md has a row for every key that the original does not know, and no other', () => {
  const page = readFileSync(new URL('../../../docs/nutcracker-yml.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, key]) => key);
  const own = [...SCALARS.keys(), ...LISTS.keys()].filter((key) => !ORIGINAL.includes(key));
  assert.deepEqual(rows.sort(), own.sort());
});
