/** Accounts of a stack. `operator` is for people and twemstack itself; the others each do one job. */
export const ACCOUNTS = [
  'application',
  'operator',
  'proxy',
  'replication',
  'sentinel',
  'guard',
  'monitor',
] as const;
export type Account = (typeof ACCOUNTS)[number];

/** Clear-text password of every account: 43 characters of [A-Za-z0-9_-], generated once per stack. */
export type Credentials = Readonly<Record<Account, string>>;

/** What alerts are sent with: not generated, for others gave it. */
export const ALERT_SECRETS = ['smtp', 'webhook'] as const;
export type AlertSecrets = Readonly<Partial<Record<(typeof ALERT_SECRETS)[number], string>>>;

/** Passwords that are good besides an account's own, while it is being changed. */
export type FurtherPasswords = Readonly<Partial<Credentials>>;
