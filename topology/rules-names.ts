/** Names of stacks, domains, shards and pools: what Docker, keepalived, Sentinel, HAProxy and Terraform all take. */
import type { Path } from './problems.ts';
import type { Parser } from './reading.ts';
import type { StackFile } from './stack-file.ts';

/** Three parts and two hyphens stay below the 63 characters of a host name. */
const MAX_NAME = 20;

/** Docker's own networks: a stack's network bears the stack's name. */
const RESERVED_STACKS = ['bridge', 'default', 'host', 'ingress', 'none'];
/** `<stack>-network` is a CDKTF stack already. */
const RESERVED_DOMAINS = ['network'];
/** Roles and the seed container, which would give two containers one name, and a metric that twemproxy's stats show beside the servers. */
const RESERVED_SHARDS = ['edge', 'proxy', 'sentinel', 'seed', 'fragments'];
/** twemproxy's stats JSON shows pools beside these. */
const RESERVED_POOLS = [
  'service',
  'source',
  'version',
  'uptime',
  'timestamp',
  'total_connections',
  'curr_connections',
];

function nameParser(
  what: string,
  pattern: RegExp,
  alphabet: string,
  reserved: readonly string[],
): Parser<string> {
  return (raw) => {
    const text = String(raw);
    if (typeof raw === 'string' && reserved.includes(raw))
      return {
        rule: `is a name that ${what} cannot have`,
        remedy: `Taken: ${reserved.join(', ')}. Choose another.`,
      };
    if (typeof raw === 'string' && raw.length <= MAX_NAME && pattern.test(raw)) return { ok: raw };
    const rule = `is not a name for ${what}: ${alphabet}, a letter first, at most ${MAX_NAME} characters`;
    const better = text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^[-\d]+|-+$/g, '')
      .slice(0, MAX_NAME)
      .replace(/-+$/, '');
    return { rule, remedy: better === '' ? 'Choose another name.' : `For example ${better}.` };
  };
}

const HYPHENATED = /^[a-z](?:[a-z0-9]|-(?=[a-z0-9]))*$/;
const HYPHENATED_WORDS = 'lower-case letters, digits and single hyphens between them';

export const stackName = nameParser('a stack', HYPHENATED, HYPHENATED_WORDS, RESERVED_STACKS);
export const domainName = nameParser('a domain', HYPHENATED, HYPHENATED_WORDS, RESERVED_DOMAINS);
export const shardName = nameParser('a shard', HYPHENATED, HYPHENATED_WORDS, RESERVED_SHARDS);
export const poolName = nameParser(
  'a pool',
  /^[a-z](?:[a-z0-9]|[-_](?=[a-z0-9]))*$/,
  'lower-case letters, digits, and single hyphens or underscores between them',
  RESERVED_POOLS,
);

/** Reports every name that an earlier one of the list has already. */
export function checkUnique(
  file: StackFile,
  named: readonly { readonly path: Path; readonly name: string | undefined }[],
  rule: string,
): void {
  const seen = new Set<string>();
  for (const { path, name } of named) {
    if (name === undefined) continue;
    if (seen.has(name)) file.report({ path, value: `"${name}"`, rule, remedy: 'Choose another.' });
    seen.add(name);
  }
}
