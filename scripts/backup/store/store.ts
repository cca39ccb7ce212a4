/** Where the backups of one stack are kept. What has no manifest is no backup, and is never listed. */
export interface BackupStore {
  /** For messages: a folder, or an address. */
  readonly where: string;
  /** Ids of the whole backups, the oldest first. */
  ids(): Promise<string[]>;
  /** A file of a backup. @throws NotSoError when it is not there or cannot be read */
  read(id: string, file: string): AsyncIterable<Buffer>;
  /** Begins a backup. */
  begin(id: string): Promise<Draft>;
  remove(id: string): Promise<void>;
  /** Removes what backups that were killed have left. To be called only while no other is being made from here. */
  sweep(): Promise<void>;
}

/** A backup that is being written, and is not one yet. */
export interface Draft {
  /** Writes a file, as it comes; over what a failed try has left of it. A chunk is good until the next one is asked for. @throws NotSoError when there is no room */
  write(file: string, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** Makes it a backup, all at once. */
  finish(manifest: string): Promise<void>;
  /** Leaves nothing of it. */
  discard(): Promise<void>;
}

export const MANIFEST_FILE = 'manifest.json';

/** A small file of a backup, as text. */
export async function readText(store: BackupStore, id: string, file: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of store.read(id, file)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
