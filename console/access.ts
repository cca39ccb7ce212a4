import { createHash, randomBytes } from 'node:crypto';

/** What a request says of itself, as far as it decides whether it is answered. */
export interface Knock {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`: where the page stands that asks; absent from old browsers and from tools. */
  readonly site: string | undefined;
  readonly cookies: string | undefined;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const secret = (): string => randomBytes(32).toString('base64url');

/**
 * Who may look: whoever opened a link that was printed in the terminal, once. The link's word is exchanged for a cookie
 * that scripts cannot read and other sites cannot send. Only digests are kept, so comparing them tells nothing by its time.
 */
export class Access {
  readonly cookieName: string;
  readonly #links = new Set<string>();
  readonly #sessions = new Set<string>();
  readonly #hosts: ReadonlySet<string>;

  /** @param port on which the console listens, on 127.0.0.1 alone */
  constructor(port: number) {
    // Cookies know no ports: two consoles on one machine must not take each other's.
    this.cookieName = `twemstack-console-${port}`;
    this.#hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
  }

  /** The word of a new link, good once. */
  invite(): string {
    const word = secret();
    this.#links.add(digest(word));
    return word;
  }

  /** Cookie for whoever comes with a link's word; undefined when it is none, or was used. */
  redeem(word: string): string | undefined {
    if (!this.#links.delete(digest(word))) return undefined;
    const session = secret();
    this.#sessions.add(digest(session));
    return `${this.cookieName}=${session}; Path=/; HttpOnly; SameSite=Strict`;
  }

  /** Why such a request is not answered, without a look at its cookie; undefined when it is. */
  refusal({ method, host, origin, site }: Knock): string | undefined {
    // A page of a stranger whose name leads to 127.0.0.1 (DNS rebinding) comes with that name.
    if (host === undefined || !this.#hosts.has(host))
      return 'The console answers at 127.0.0.1 and localhost alone.';
    const own = `http://${host}`;
    if (origin !== undefined && origin !== own) return 'The console answers no other origin.';
    if (method !== 'GET' && origin === undefined) return 'Only the console’s own page may do that.';
    if (site !== undefined && !['same-origin', 'none'].includes(site))
      return 'The console answers no other site.';
    return undefined;
  }

  /** Whether a request has the cookie of somebody who opened a link. */
  admits(cookies: string | undefined): boolean {
    const values = (cookies ?? '').split(/;\s*/).flatMap((pair) => {
      const [name, value] = pair.split('=', 2);
      return name === this.cookieName && value !== undefined ? [value] : [];
    });
    return values.some((value) => this.#sessions.has(digest(value)));
  }
}
