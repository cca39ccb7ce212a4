import type Docker from 'dockerode';
import type { Host } from '../../topology/types.ts';

/** A domain and the engine that plays it. */
export interface DomainEngine {
  readonly domain: string;
  /** The same object for all domains where one engine plays them. */
  readonly docker: Docker;
  /** The machine of the domain; undefined where one engine plays all of them. */
  readonly host?: Host;
}
