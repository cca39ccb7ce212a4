import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { clock } from './timeline.tsx';
import { useWidth } from './use-width.ts';

export interface Series {
  readonly name: string;
  /** A CSS variable of the page. */
  readonly color: string;
  /** One for each time; undefined where nothing is known. */
  readonly values: ReadonlyArray<number | undefined>;
}

interface Props {
  readonly label: string;
  readonly unit: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
}

const HEIGHT = 150;
const colorOf = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name);

/** A chart over time. uPlot draws on a canvas, so its figures are said in words as well. */
export function Chart({ label, unit, times, series }: Props) {
  const [ref, width] = useWidth();
  const plot = useRef<uPlot | undefined>(undefined);
  const names = series.map(({ name }) => name).join();
  useEffect(() => {
    const element = ref.current;
    if (element === null || width === 0) return undefined;
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(width, series, unit), [[], ...series.map(() => [])], element);
    };
    draw();
    dark.addEventListener('change', draw);
    return () => {
      dark.removeEventListener('change', draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
    // The names stand for the series: their values come by setData.
  }, [width, names, unit]);
  useEffect(() => {
    plot.current?.setData([[...times], ...series.map(({ values }) => values.map((value) => value ?? null))]);
  });
  return (
    <figure class="chart">
      <figcaption>
        {label}{' '}
        {series.map(({ name, values, color }) => (
          <span key={name} class="now">
            <i style={{ background: `var(${color})` }} />
            {name} <b>{shown(values.at(-1), unit)}</b>
          </span>
        ))}
      </figcaption>
      <div ref={ref} aria-hidden="true" />
    </figure>
  );
}

function optionsOf(width: number, series: readonly Series[], unit: string): uPlot.Options {
  const axis = {
    stroke: colorOf('--soft'),
    grid: { stroke: colorOf('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.1)] } },
    // As everywhere on the page; uPlot's own are of one country.
    axes: [
      { ...axis, size: 26, space: 90, values: (_plot, ticks) => ticks.map((tick) => clock(tick * 1000)) },
      { ...axis, size: 60, values: (_plot, ticks) => ticks.map((tick) => shown(tick, unit)) },
    ],
    series: [
      {},
      ...series.map(({ name, color }) => ({
        label: name,
        stroke: colorOf(color),
        width: 1.5,
        spanGaps: false,
      })),
    ],
  };
}

/** A figure with its unit, in as many digits as are read at a glance. */
export function shown(value: number | undefined | null, unit: string): string {
  if (value === undefined || value === null) return '–';
  const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
  return `${value.toLocaleString('en', { maximumFractionDigits: digits })}${unit === '' ? '' : ` ${unit}`}`;
}
