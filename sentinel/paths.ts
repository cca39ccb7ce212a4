/** Where a member's rendered files are mounted, read-only in effect: nobody in the container owns them. */
export const SEED_DIR = '/etc/twemstack';

/** Data set of a redis member, on its data volume. The live configuration lies beside it, in /data/live. */
export const STORE_DIR = '/data/store';

export const USERS_ACL = `${SEED_DIR}/users.acl`;
