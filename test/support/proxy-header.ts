/** What a header of PROXY protocol version 2 begins with. */
export const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** Families and transports, as the header writes them. */
export const FAMILY = { none: 0x00, tcp4: 0x11, udp4: 0x12, tcp6: 0x21, unix: 0x31 } as const;

export interface HeaderOptions {
  version?: number;
  /** 0 LOCAL, 1 PROXY. */
  command?: number;
  family?: number;
  /** Addresses and ports, or whatever stands in their place. */
  addresses?: Uint8Array;
  /** What stands behind them. */
  further?: Uint8Array;
  /** What the header says of its length, where that is not so. */
  length?: number;
}

/** A header of PROXY protocol version 2. */
export function proxyHeader(options: HeaderOptions): Buffer {
  const { version = 2, command = 1, family = FAMILY.none } = options;
  const rest = Buffer.concat([options.addresses ?? Buffer.alloc(0), options.further ?? Buffer.alloc(0)]);
  const fixed = Buffer.alloc(4);
  fixed[0] = (version << 4) | command;
  fixed[1] = family;
  fixed.writeUInt16BE(options.length ?? rest.length, 2);
  return Buffer.concat([SIGNATURE, fixed, rest]);
}

/** Source `address:port` and the destination 192.0.2.1:6379. */
export function tcp4(source: string, further?: Uint8Array): Buffer {
  const [address, port] = source.split(':');
  const addresses = Buffer.from([...address.split('.').map(Number), 192, 0, 2, 1, 0, 0, 0x18, 0xeb]);
  addresses.writeUInt16BE(Number(port), 8);
  return proxyHeader({ family: FAMILY.tcp4, addresses, further });
}

/** @param source its 16 bytes in hexadecimal */
export function tcp6(source: string, port: number): Buffer {
  const addresses = Buffer.alloc(36);
  Buffer.from(source, 'hex').copy(addresses);
  addresses.writeUInt16BE(port, 32);
  return proxyHeader({ family: FAMILY.tcp6, addresses });
}

/** Of a connection of the sender's own, as health checks are. */
export const local = (): Buffer => proxyHeader({ command: 0 });
