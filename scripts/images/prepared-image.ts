import type { ImageKind } from '../../topology/container-options.ts';

/** An image that is ready to be built on the engine. */
export interface PreparedImage {
  /** `twemstack/<kind>:<hash>`: the hash covers all that goes into it, so an unchanged image is never built again. */
  readonly name: string;
  /** Build context, absolute, below the home. */
  readonly contextDir: string;
  /** Base image, for build argument BASE. */
  readonly base: string;
}

export type PreparedImages = Readonly<Record<ImageKind, PreparedImage>>;
