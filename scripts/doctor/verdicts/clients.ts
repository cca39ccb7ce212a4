import { registerCheck } from '../check.ts';

const NEAR = 0.9;

export const clients = registerCheck({
  name: 'clients',
  well: 'no redis is near its limit of connections',
  examine: ({ vitals }) =>
    [...vitals]
      .filter(([, vital]) => vital.maxClients > 0 && vital.clients > NEAR * vital.maxClients)
      .map(([name, vital]) => ({
        severity: 'wrong',
        subjects: [name],
        what: `${name} has ${vital.clients} of at most ${vital.maxClients} connections`,
        why: 'proxies share a few; so somebody else connects to it, or many wait in blocking commands, WATCH or SUBSCRIBE',
        mend: [`\`twemstack cli --as operator --member ${name} CLIENT LIST\` shows who`],
      })),
});
