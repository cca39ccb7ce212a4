import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { engineRefusal } from '../errors.ts';

export interface OpenOptions {
  /** Of the first line, milliseconds since 1970; undefined = from the beginning. */
  readonly since?: number;
  /** Goes on until the container ends. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** What docker-modem offers below dockerode's calls. */
interface Modem {
  dial(
    request: {
      readonly path: string;
      readonly method: string;
      readonly isStream: boolean;
      readonly statusCodes: Readonly<Record<number, true | string>>;
      readonly options: Readonly<Record<string, unknown>>;
      readonly abortSignal: AbortSignal;
    },
    done: (error: Error | null, stream: Readable) => void,
  ): void;
}

/** A container's log as the engine sends it. dockerode's own call reads the whole of it into memory unless it follows. */
export function openLog(
  engine: Docker,
  container: string,
  { since, follow, signal }: OpenOptions,
): Promise<Readable> {
  return new Promise((resolve, reject) => {
    (engine.modem as Modem).dial(
      {
        path: `/containers/${encodeURIComponent(container)}/logs?`,
        method: 'GET',
        isStream: true,
        statusCodes: { 200: true, 404: 'no such container' },
        options: {
          stdout: true,
          stderr: true,
          timestamps: true,
          follow,
          ...(since === undefined ? {} : { since: (since / 1000).toFixed(3) }),
        },
        abortSignal: signal,
      },
      (error, stream) => {
        if (error !== null) {
          reject(error);
          return;
        }
        const end = (): void => void stream.destroy();
        signal.addEventListener('abort', end, { once: true });
        stream.once('close', () => signal.removeEventListener('abort', end));
        resolve(stream);
      },
    );
  });
}

/** Whether it is the engine that is gone, and not something that it was asked about. */
export const isEngineGone = (error: unknown): boolean => engineRefusal(error) === undefined;
