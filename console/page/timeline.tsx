import type { ConsoleState, Lane } from '../document.ts';
import { useWidth } from './use-width.ts';

const MINUTES = 10;
const ROW = 26;
const NAME = 74;
const AXIS = 18;
/** Narrower than this, a holder's name does not fit into its bar. */
const LEGIBLE = 60;

/** Who held what in the last minutes, in the picture language of the drill report: a lane for the VIP and each shard. */
export function Timeline({ state }: { readonly state: ConsoleState }) {
  const [ref, width] = useWidth();
  const from = state.at - MINUTES * 60_000;
  const height = state.lanes.length * ROW + AXIS;
  const across = Math.max(60, width - NAME);
  const at = (time: number): number => NAME + ((Math.max(time, from) - from) / (state.at - from)) * across;
  const ticks = [10, 5, 0].map((minutes) => ({ minutes, x: at(state.at - minutes * 60_000) }));
  return (
    <div ref={ref} class="picture">
      <svg width={Math.max(width, NAME + 60)} height={height} role="img" aria-label={spoken(state.lanes)}>
        {ticks.map(({ minutes, x }) => (
          <text
            key={minutes}
            x={minutes === 0 ? x - 2 : x}
            y={height - 4}
            text-anchor={minutes === 0 ? 'end' : minutes === MINUTES ? 'start' : 'middle'}
            class="row"
          >
            {minutes === 0 ? 'now' : `−${minutes} min`}
          </text>
        ))}
        {state.lanes.map((lane, index) => (
          <LaneBars
            key={lane.name}
            lane={lane}
            y={index * ROW}
            from={from}
            end={state.at}
            at={at}
            state={state}
          />
        ))}
      </svg>
    </div>
  );
}

interface BarsProps {
  readonly lane: Lane;
  readonly y: number;
  readonly from: number;
  readonly end: number;
  readonly at: (time: number) => number;
  readonly state: ConsoleState;
}

function LaneBars({ lane, y, from, end, at, state }: BarsProps) {
  const spans = lane.spans.filter(({ to }) => (to ?? end) > from);
  return (
    <g>
      <text x={0} y={y + 17} class="row">
        {lane.name}
      </text>
      {spans.map((span) => {
        const [left, right] = [at(span.from), at(span.to ?? end)];
        const width = Math.max(2, right - left);
        const domains = span.holders.map((name) => domainOf(state, name));
        const tone = span.holders.length === 1 ? `domain-${state.domains.indexOf(domains[0]) % 5}` : 'nobody';
        const text = span.holders.length === 0 ? 'nobody' : domains.join(' + ');
        return (
          <g key={span.from}>
            <rect x={left} y={y + 3} width={width} height={ROW - 6} rx={3} class={tone} />
            {width > LEGIBLE && (
              <text x={left + 6} y={y + 17} class="on">
                {text}
              </text>
            )}
          </g>
        );
      })}
    </g>
  );
}

const domainOf = (state: ConsoleState, name: string): string =>
  state.members.find((member) => member.name === name)?.domain ?? name;

const spoken = (lanes: readonly Lane[]): string =>
  lanes
    .map(({ name, spans }) => {
      const holders = spans.at(-1)?.holders ?? [];
      return `${name}: ${holders.length === 0 ? 'nobody' : holders.join(' and ')} now, ${spans.length - 1} changes`;
    })
    .join('; ');

/** What happened, newest first. */
export function Events({ state }: { readonly state: ConsoleState }) {
  if (state.events.length === 0) return <p class="soft">Nothing has changed since this page looks.</p>;
  return (
    // As of tables: what scrolls can be reached from the keyboard.
    <ol class="events" tabindex={0} aria-label="what happened, newest first">
      {state.events.slice(0, 50).map(({ at, subject, what, tone }) => (
        <li key={`${at} ${subject} ${what}`} class={tone}>
          <time dateTime={new Date(at).toISOString()}>{clock(at)}</time> <b>{subject}</b> {what}
        </li>
      ))}
    </ol>
  );
}

/** Time of the day of this browser. */
export const clock = (at: number): string => new Date(at).toLocaleTimeString('en-GB');
