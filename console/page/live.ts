import { useEffect, useState } from 'preact/hooks';
import type { ActionLine, ConsoleState, Sample } from '../document.ts';

/** What the page knows. */
export interface Live {
  readonly connected: boolean;
  readonly state: ConsoleState | undefined;
  readonly samples: readonly Sample[];
  readonly output: readonly ActionLine[];
}

/** As many as the server keeps: five minutes. */
const KEPT_SAMPLES = 150;
const KEPT_LINES = 400;
const NOTHING: Live = { connected: false, state: undefined, samples: [], output: [] };

/** Listens to the console's server; the browser comes back by itself when the line breaks, and is told everything anew. */
export function useLive(): Live {
  const [live, setLive] = useState(NOTHING);
  useEffect(() => {
    const source = new EventSource('/events');
    source.onopen = () => setLive((before) => ({ ...before, connected: true, samples: [] }));
    source.onerror = () => setLive((before) => ({ ...before, connected: false }));
    on<ConsoleState>(source, 'state', (state) => setLive((before) => ({ ...before, state })));
    on<Sample>(source, 'sample', (sample) =>
      setLive((before) => ({ ...before, samples: [...before.samples, sample].slice(-KEPT_SAMPLES) })),
    );
    on<ActionLine>(source, 'action', (line) =>
      setLive((before) => ({ ...before, output: [...before.output, line].slice(-KEPT_LINES) })),
    );
    return () => source.close();
  }, []);
  return live;
}

function on<T>(source: EventSource, kind: string, told: (body: T) => void): void {
  source.addEventListener(kind, (event) => told(JSON.parse((event as MessageEvent<string>).data) as T));
}
