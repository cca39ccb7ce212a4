import { join } from 'node:path';
import type { SeedInput } from '../../stacks/inputs.ts';
import type { PlanDomain } from '../../topology/types.ts';
import type { ContainerState } from '../observe/engine.ts';
import type { Home } from '../stack/home.ts';
import { readIfPresent, writePrivate } from '../stack/private-file.ts';
import { attributesInState } from '../stack/terraform-state.ts';

/** SHA-256 of a member's files by name. */
export type FileHashes = Readonly<Record<string, string>>;

/** Which files a running process goes by: kept after a reload, for the process itself cannot be asked. */
export interface InForce {
  /** Container and start of its process; another one went by what it found when it started. */
  readonly container: string;
  readonly startedAt: number;
  readonly files: FileHashes;
}

/**
 * Files that a running member has not taken over yet.
 *
 * A process that started after its files were brought goes by them. One that is older goes by what is recorded of it;
 * without a record (the files were brought by plain terraform) nobody knows, and every file counts.
 *
 * @param wanted the member's files as they are rendered now
 * @param broughtAt when the files that lie in the member's volume were brought there
 * @param brought what was brought then
 */
export function pendingFiles(
  wanted: readonly SeedInput[],
  container: ContainerState,
  broughtAt: number,
  brought: FileHashes,
  record: InForce | undefined,
): string[] {
  const recorded = record?.container === container.id && record.startedAt === container.startedAt;
  const inForce = container.startedAt > broughtAt ? brought : recorded ? record.files : {};
  return wanted.filter(({ name, sha256 }) => inForce[name] !== sha256).map(({ name }) => name);
}

export const hashesOf = (files: readonly SeedInput[]): FileHashes =>
  Object.fromEntries(files.map(({ name, sha256 }) => [name, sha256]));

/** The parts of a container's attributes that tell which files a domain's seed container brought. */
interface SeedAttributes {
  readonly name: string;
  readonly upload: ReadonlyArray<{ readonly file: string; readonly source_hash?: string }>;
}

/** What lies in the members' seed volumes, by member, as terraform's state tells. */
export function broughtFiles(home: Home, stack: string, domain: PlanDomain): ReadonlyMap<string, FileHashes> {
  const containers = attributesInState<SeedAttributes>(home, stack, domain.stack, 'docker_container');
  const uploads = containers.find(({ name }) => name === domain.seedContainer)?.upload ?? [];
  const brought = new Map<string, Record<string, string>>();
  for (const { file, source_hash: hash } of uploads) {
    const [member, name] = file.split('/').slice(-2);
    brought.set(member, { ...brought.get(member), [name]: hash ?? '' });
  }
  return brought;
}

export const inForceFile = (home: Home, stack: string): string => join(home.stack(stack), 'in-force.json');

/** What is recorded of each member, by name. It is a cache: when it is damaged, nothing is recorded. */
export function readInForce(home: Home, stack: string): Readonly<Record<string, InForce>> {
  return parseInForce(readIfPresent(inForceFile(home, stack)) ?? '{}') ?? {};
}

/** The record in a text; undefined when it is none. */
export function parseInForce(text: string): Readonly<Record<string, InForce>> | undefined {
  try {
    const records: unknown = JSON.parse(text);
    if (typeof records !== 'object' || records === null || Array.isArray(records)) return undefined;
    return Object.values(records).every(isRecord) ? (records as Record<string, InForce>) : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is InForce {
  const { container, startedAt, files } = (value ?? {}) as Partial<InForce>;
  return typeof container === 'string' && typeof startedAt === 'number' && typeof files === 'object';
}

/** Adds to the record; what it says of other members stays. */
export function recordInForce(home: Home, stack: string, news: Readonly<Record<string, InForce>>): void {
  const all = { ...readInForce(home, stack), ...news };
  writePrivate(inForceFile(home, stack), `${JSON.stringify(all, null, 2)}\n`);
}
