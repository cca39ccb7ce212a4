/** One sample of Prometheus' text format. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPED: Readonly<Record<string, string>> = { n: '\n' };

/**
 * Reads Prometheus' text format (version 0.0.4) as our proxies write it.
 * @param text the body of `/metrics`
 * @param names only these; the histograms alone are a thousand lines
 */
export function parseMetrics(text: string, names: ReadonlySet<string>): MetricSample[] {
  const found: MetricSample[] = [];
  for (const line of text.split('\n')) {
    const end = line.search(/[{ ]/);
    if (end < 0 || !names.has(line.slice(0, end))) continue;
    const match = LINE.exec(line);
    if (match === null) continue;
    const [, name, labels = '', value] = match;
    const pairs = [...labels.matchAll(LABEL)].map(([, label, quoted]) => [label, unquote(quoted)] as const);
    found.push({ name, labels: Object.fromEntries(pairs), value: Number(value) });
  }
  return found;
}

const unquote = (quoted: string): string =>
  quoted.replace(/\\(.)/g, (_, letter: string) => ESCAPED[letter] ?? letter);
