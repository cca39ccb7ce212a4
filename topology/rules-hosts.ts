/** A machine for each domain: engines, addresses, the block of ports and the entrance. */
import type { HostDomainDraft, HostsDraft, PoolDraft, ShardDraft, VipDraft } from './draft.ts';
import { contains, formatAddress, parseAddress, subnet } from './ipv4.ts';
import { DOMAIN_KEYS, HOST_KEYS } from './keys.ts';
import {
  BLOCK_SIZE,
  DEFAULT_BLOCK,
  FIRST_UNPRIVILEGED,
  LAST_BLOCK,
  MOST_POOLS,
  MOST_SHARDS,
} from './port-block.ts';
import type { Path } from './problems.ts';
import { checkMapping, integer, oneOf, type Parser, REQUIRED, readRequired, readValue } from './reading.ts';
import { readHostMacvlan, readMacvlan } from './rules-macvlan.ts';
import { domainName } from './rules-names.ts';
import type { StackFile } from './stack-file.ts';
import { ENTRANCES, type Entrance } from './types.ts';

/** No machine on a LAN has such an address: this network, loopback, multicast and what is reserved (RFC 6890). */
const NO_HOSTS = ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4'];

/** Whether the file gives any domain a machine. */
export function namesHosts(file: StackFile): boolean {
  const domains = Array.from({ length: file.length(['domains']) }, (_, index) => ['domains', index]);
  return domains.some((domain) => HOST_KEYS.some((key) => file.has([...domain, key])));
}

const engine: Parser<string> = (raw) => {
  const text = String(raw);
  const url =
    /^(ssh|tcp):\/\/(?:([^@/]*)@)?([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(\d+))?(\/.*)?$/.exec(text);
  if (url === null)
    return {
      rule: 'is not the address of an engine on another machine',
      remedy: 'Write ssh://user@host, or tcp://host:2376 with `certificates`.',
    };
  const [, scheme, user, host, port, path] = url;
  if (user?.includes(':'))
    return {
      rule: 'holds a password',
      remedy: `Write ssh://${user.split(':')[0]}@${host} and let ssh log in with a key.`,
    };
  if (user !== undefined && (scheme === 'tcp' || !/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(user)))
    return { rule: 'names a user that cannot be', remedy: 'Write ssh://user@host, or tcp://host:2376.' };
  if (path !== undefined) return { rule: 'has a path behind the host', remedy: `Write it without ${path}.` };
  if (scheme === 'tcp' && port === undefined)
    return { rule: 'names no port', remedy: `Write it, e.g. tcp://${host}:2376.` };
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65535))
    return {
      rule: 'has a port that is not from 1 to 65535',
      remedy: `Write e.g. ${scheme}://${host}:${scheme === 'tcp' ? 2376 : 22}.`,
    };
  return { ok: text };
};

/** Why no machine can have this address, or undefined when one can. */
function noHost(address: number): string | undefined {
  const range = NO_HOSTS.find((each) => contains(subnet(each), address));
  return range === undefined ? undefined : `is in ${range}, where no machine of a LAN has its address`;
}

const hostAddress: Parser<string> = (raw) => {
  const address = parseAddress(String(raw));
  const wrong = address === undefined ? 'is not an IPv4 address' : noHost(address);
  if (address !== undefined && wrong === undefined) return { ok: formatAddress(address) };
  return {
    rule: wrong ?? 'is not an IPv4 address',
    remedy: 'Write the one that the machine has on the network of the hosts, e.g. 10.0.0.11.',
  };
};

const folder: Parser<string> = (raw) =>
  typeof raw === 'string' && raw !== ''
    ? { ok: raw }
    : {
        rule: 'is not the path of a folder',
        remedy: 'Write e.g. ./tls/c, with ca.pem, cert.pem and key.pem in it.',
      };

/** Reads one domain of a file that gives machines to domains. */
export function readHostDomain(file: StackFile, item: Path): HostDomainDraft {
  const at = (key: (typeof DOMAIN_KEYS)[number]): Path => [...item, key];
  if (file.content(item).kind !== 'mapping') {
    const name = readValue(file, item, domainName, REQUIRED);
    file.report({
      path: item,
      rule: 'is a domain without a machine, and others have one',
      remedy: `Write {name: ${name ?? 'a'}, docker: ssh://user@host, address: 10.0.0.11}, or remove docker and address everywhere.`,
    });
    return {
      path: item,
      item,
      name,
      host: {
        docker: undefined,
        address: undefined,
        certificates: undefined,
        parent: undefined,
        range: undefined,
      },
    };
  }
  checkMapping(file, item, DOMAIN_KEYS);
  const name = readRequired(file, at('name'), domainName, 'Every domain needs a name, e.g. name: a.');
  const docker = readRequired(
    file,
    at('docker'),
    engine,
    'Every domain names its engine once one does, e.g. docker: ssh://user@10.0.0.11.',
  );
  const address = readRequired(
    file,
    at('address'),
    hostAddress,
    'Write the address of the machine on the network of the hosts, e.g. address: 10.0.0.11.',
  );
  return {
    path: at('name'),
    item,
    name,
    host: {
      docker,
      address,
      certificates: readCertificates(file, item, docker),
      ...readHostMacvlan(file, item),
    },
  };
}

function readCertificates(file: StackFile, item: Path, docker: string | undefined): string | undefined {
  const path = [...item, 'certificates'];
  if (docker?.startsWith('tcp://') === true)
    return readRequired(
      file,
      path,
      folder,
      'Without TLS whoever reaches the port is root there. Name the folder with ca.pem, cert.pem and key.pem, or use ssh://.',
    );
  if (file.has(path) && docker !== undefined)
    file.report({ path, rule: 'is for tcp:// alone: ssh has keys of its own', remedy: 'Remove the key.' });
  return undefined;
}

/** Two domains on one machine would be lost together. */
export function checkHosts(file: StackFile, domains: readonly HostDomainDraft[]): void {
  for (const key of ['docker', 'address'] as const) {
    const owners = new Map<string, string>();
    for (const { item, name, host } of domains) {
      const value = host[key];
      if (value === undefined) continue;
      const owner = owners.get(value);
      if (owner === undefined) owners.set(value, name ?? 'before it');
      else
        file.report({
          path: [...item, key],
          rule: `is ${key === 'docker' ? 'the engine' : 'the address'} of domain ${owner} already`,
          remedy: 'Give every domain a machine of its own: what shares one fails together.',
        });
    }
  }
}

/** Reads what stands beside the domains of several hosts. */
export function readHosts(file: StackFile, domains: readonly HostDomainDraft[]): HostsDraft {
  const block = integer(FIRST_UNPRIVILEGED, LAST_BLOCK);
  return {
    domains,
    ports: readValue(file, ['ports'], block, { value: DEFAULT_BLOCK }),
    entrance: readValue<Entrance>(file, ['entrance'], oneOf(ENTRANCES, 'entrance'), { value: 'vrrp' }),
    macvlan: readMacvlan(file),
  };
}

/** The VIP on the network of the hosts: whether it is in the same subnet, only they can tell. */
export function checkHostsVips(
  file: StackFile,
  vips: readonly VipDraft[],
  { domains, entrance }: HostsDraft,
): void {
  for (const { path, address } of vips) {
    if (address === undefined) continue;
    const owner = domains.find(({ host }) => host.address === formatAddress(address));
    const rule =
      owner === undefined ? noHost(address) : `is the address of domain ${owner.name ?? 'before it'}`;
    if (rule !== undefined)
      file.report({
        path,
        rule,
        remedy: 'Choose one that nobody has, in the subnet of the hosts, e.g. 10.0.0.100.',
      });
  }
  if (entrance === 'external' && vips.length > 1)
    file.report({
      path: ['vips'],
      rule: 'are several, which is for `entrance: vrrp`: with `external` every edge serves on its own address',
      remedy: 'Write `vip` with the one address that applications use.',
    });
}

/** Whether all pools and shards have a port, and no pool one that is taken. */
export function checkHostsPorts(
  file: StackFile,
  { ports }: HostsDraft,
  pools: readonly PoolDraft[] | undefined,
  shards: readonly ShardDraft[] | undefined,
): void {
  tooMany(
    file,
    pools?.map(({ path }) => path),
    MOST_POOLS,
    'pool',
  );
  tooMany(
    file,
    shards?.map(({ path }) => path),
    MOST_SHARDS,
    'shard',
  );
  for (const { path, listen } of pools ?? []) {
    if (listen === undefined) continue;
    const at = { path: [...path, 'listen'], value: String(listen) };
    if (listen < FIRST_UNPRIVILEGED)
      file.report({
        ...at,
        rule: `is below ${FIRST_UNPRIVILEGED}, which an edge on a host's own network may not listen on`,
        remedy: 'Choose another, e.g. 6379.',
      });
    else if (ports !== undefined && listen >= ports && listen < ports + BLOCK_SIZE)
      file.report({
        ...at,
        rule: `is in the stack's own block of ports, ${ports} to ${ports + BLOCK_SIZE - 1}`,
        remedy: 'Choose another, e.g. 6379, or move the block with `ports`.',
      });
  }
}

function tooMany(
  file: StackFile,
  paths: readonly Path[] | undefined,
  most: number,
  what: 'pool' | 'shard',
): void {
  if (paths === undefined || paths.length <= most) return;
  file.report({
    path: paths[most],
    value: String(paths.length),
    rule: `makes more than ${most} ${what}s, and a stack's block of ports has room for no more`,
    remedy: `Use at most ${most} ${what}s.`,
  });
}
