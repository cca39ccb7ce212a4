/** The section `monitoring`: a word, or a mapping that says more. */
import { derivedOut, OUT_PREFIX, OUT_SLOTS } from './addresses.ts';
import type { Draft, MonitoringDraft, NamedShard } from './draft.ts';
import { contains, formatSubnet, overlaps, parseCidr, type Subnet, subnet, subnetOf } from './ipv4.ts';
import { MONITORING_KEYS } from './keys.ts';
import { checkMapping, duration, type Parser, REQUIRED, readValue } from './reading.ts';
import { anyName, listItems } from './rules-domains.ts';
import { checkUnique } from './rules-names.ts';
import { PRIVATE_RANGES } from './rules-network.ts';
import type { StackFile } from './stack-file.ts';

const HOUR_MS = 3_600_000;
/** Two weeks and a day: last week's figures beside this week's. */
const DEFAULT_RETENTION_MS = 15 * 24 * HOUR_MS;
const MOST_RETENTION_MS = 366 * 24 * HOUR_MS;
/** A second one sees what the first one's domain took with it; a third one costs as much and sees no more. */
const MOST_MONITORS = 2;
/** Every stack has three domains, for its sentinels; with this one it is not among those of the edges. */
const DEFAULT_DOMAIN = 2;
const PATH = ['monitoring'];

/** Reads `monitoring`; undefined = off, or refused. */
export function readMonitoring(file: StackFile): MonitoringDraft | undefined {
  const { kind } = file.content(PATH);
  if (kind !== 'mapping') {
    const isOn = readValue(file, PATH, onOrOff, { value: false, shown: 'off' });
    return isOn === true ? readKeys(file) : undefined;
  }
  checkMapping(file, PATH, MONITORING_KEYS);
  return readKeys(file);
}

/** YAML 1.2 knows neither `on` nor `off` as anything but words. */
const onOrOff: Parser<boolean> = (raw) => {
  if (raw === 'on' || raw === true) return { ok: true };
  if (raw === 'off' || raw === false) return { ok: false };
  return {
    rule: 'is neither on nor off',
    remedy: `Write one of them, or a mapping of ${MONITORING_KEYS.join(', ')}.`,
  };
};

function readKeys(file: StackFile): MonitoringDraft {
  const at = (key: (typeof MONITORING_KEYS)[number]) => [...PATH, key];
  const text = (key: (typeof MONITORING_KEYS)[number], parse: Parser<string>, shown: string) =>
    readValue(file, at(key), parse, { value: '', shown });
  const draft: MonitoringDraft = {
    domains: readDomainNames(file, at('domains')),
    retentionMs: readValue(
      file,
      at('retention'),
      duration({ min: HOUR_MS, max: MOST_RETENTION_MS, step: HOUR_MS, unitNeeded: true }),
      { value: DEFAULT_RETENTION_MS, shown: '360h' },
    ),
    network: file.has(at('network'))
      ? readValue(file, at('network'), outParser, {
          value: undefined,
          shown: 'the front network, 64 further in its third byte',
        })
      : undefined,
    webhook: text('webhook', webAddress, 'none'),
    email: text('email', mailAddress, 'nobody'),
    emailFrom: text('email_from', mailAddress, 'the recipient'),
    smtp: text('smtp', hostAndPort, 'none'),
    smtpUser: text('smtp_user', anyName, 'without'),
  };
  checkMail(file, draft);
  return draft;
}

function readDomainNames(file: StackFile, path: string[]): NamedShard[] | undefined {
  if (!file.has(path)) return undefined;
  const items = listItems(file, path, 'domains: [c], or remove the key');
  const named = items?.map((item) => ({ path: item, name: readValue(file, item, anyName, REQUIRED) }));
  if (named === undefined) return undefined;
  checkUnique(file, named, 'is listed already');
  if (named.length > MOST_MONITORS)
    file.report({
      path,
      value: '',
      rule: `names ${named.length} domains, and a stack has at most ${MOST_MONITORS} monitors`,
      remedy: 'Name one, or two that do not fail together.',
    });
  return named;
}

const webAddress: Parser<string> = (raw) => {
  const text = String(raw);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    return { rule: 'is no http:// or https:// address', remedy: 'Write e.g. https://alerts.example/hook.' };
  if (url.username !== '' || url.password !== '')
    return {
      rule: 'has a password in it, and stack files are no place for one',
      remedy: 'Take it out; `twemstack secret set webhook` keeps a token that is sent along.',
    };
  return { ok: text };
};

const mailAddress: Parser<string> = (raw) =>
  /^[^\s@,<>"]+@[^\s@,<>"]+$/.test(String(raw))
    ? { ok: String(raw) }
    : { rule: 'is no mail address', remedy: 'Write one, e.g. ops@example.org.' };

const hostAndPort: Parser<string> = (raw) => {
  const [, port] = /^[A-Za-z0-9.-]+:(\d{1,5})$/.exec(String(raw)) ?? [];
  if (port !== undefined && Number(port) >= 1 && Number(port) <= 65_535) return { ok: String(raw) };
  return { rule: 'is not HOST:PORT', remedy: 'Write e.g. smtp.example.org:587.' };
};

/** A mail needs somebody who takes it, and what says how is nothing without a mail. */
function checkMail(file: StackFile, { email, smtp }: MonitoringDraft): void {
  if (email && smtp === '')
    file.report({
      path: [...PATH, 'email'],
      rule: 'needs a mail server',
      remedy: 'Write smtp: HOST:PORT beside it.',
    });
  if (email !== '') return;
  for (const key of ['email_from', 'smtp', 'smtp_user'])
    if (file.has([...PATH, key]))
      file.report({
        path: [...PATH, key],
        rule: 'is for alerts by mail, and no one is named',
        remedy: 'Write email: ADDRESS beside it, or remove the key.',
      });
}

const outParser: Parser<Subnet> = (raw) => {
  const parsed = parseCidr(String(raw));
  const network = parsed === undefined ? undefined : subnetOf(parsed.address, parsed.prefix);
  if (parsed === undefined || network?.base !== parsed.address || network.prefix !== OUT_PREFIX)
    return {
      rule: `is not an IPv4 network of a /${OUT_PREFIX}, with no bits set behind the prefix`,
      remedy: `Write e.g. 198.18.64.0/${OUT_PREFIX}.`,
    };
  if (!PRIVATE_RANGES.some((range) => contains(subnet(range), network.base)))
    return {
      rule: 'is not in a private or benchmark range, so real hosts would become unreachable',
      remedy: `Take it from ${PRIVATE_RANGES.join(', ')}.`,
    };
  return { ok: network };
};

/** What the section must not contradict: the domains, the networks, and that there is one engine. */
export function checkMonitoring(file: StackFile, draft: Draft): void {
  const { monitoring, domains, hosts } = draft;
  if (monitoring === undefined) return;
  if (hosts !== undefined) {
    file.report({
      path: PATH,
      value: '',
      rule: 'is for a stack on one engine in this version',
      remedy: 'Remove the key; the members of several hosts serve the same figures to a Prometheus of yours.',
    });
    return;
  }
  const known = domains?.map(({ name }) => name) ?? [];
  for (const { path, name } of monitoring.domains ?? []) {
    if (name === undefined || known.includes(undefined)) continue;
    const at = known.indexOf(name);
    if (at < 0)
      file.report({
        path,
        rule: 'is no domain of this file',
        remedy: `There are: ${known.join(', ')}.`,
      });
    else if (at >= OUT_SLOTS)
      file.report({
        path,
        rule: `is not among the first ${OUT_SLOTS} domains, and the others have no place for a monitor`,
        remedy: `Name one of ${known.slice(0, OUT_SLOTS).join(', ')}.`,
      });
  }
  if (sendsAlerts(monitoring)) checkOut(file, draft);
}

function checkOut(file: StackFile, draft: Draft): void {
  const out = outNetwork(draft);
  if (out === undefined) return;
  const met = [draft.network, draft.backNetwork].find((each) => each !== undefined && overlaps(each, out));
  if (met === undefined) return;
  const path = [...PATH, 'network'];
  file.report({
    path,
    near: [PATH, ['network']],
    value: file.has(path) ? undefined : `${formatSubnet(out)} (the default)`,
    rule: `overlaps ${formatSubnet(met)}`,
    remedy: `Write another one under monitoring, e.g. network: 10.0.0.0/${OUT_PREFIX}.`,
  });
}

const sendsAlerts = ({ webhook, email }: MonitoringDraft): boolean => Boolean(webhook) || Boolean(email);

/** The network by which alerts leave; undefined where none do, or nobody can tell. */
export function outNetwork({ monitoring, network }: Draft): Subnet | undefined {
  if (monitoring === undefined || !sendsAlerts(monitoring)) return undefined;
  return monitoring.network ?? (network && derivedOut(network));
}

/** Names of the domains that hold a monitor; the third one unless the file names some. */
export const monitorDomains = ({ monitoring, domains }: Draft): (string | undefined)[] =>
  (monitoring?.domains ?? [(domains ?? [])[DEFAULT_DOMAIN]]).map((each) => each?.name);
