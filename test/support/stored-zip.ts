import { crc32 } from 'node:zlib';

/** A zip archive with one executable file, stored without compression (APPNOTE.TXT 4.3: local header, directory, end). */
export function storedZip(name: string, content: Buffer): Buffer {
  const fileName = Buffer.from(name);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0); // version needed
  common.writeUInt32LE(crc32(content), 10);
  common.writeUInt32LE(content.length, 14);
  common.writeUInt32LE(content.length, 18);
  common.writeUInt16LE(fileName.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, fileName, content]);
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE((0o100755 << 16) >>> 0, 6); // external attributes: a unix mode
  const madeBy = Buffer.from([20, 3]); // 3 = unix
  const directory = Buffer.concat([Buffer.from('PK\x01\x02'), madeBy, common, tail, fileName]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, directory, Buffer.from('PK\x05\x06'), end]);
}
