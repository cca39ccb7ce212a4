/** Text as it may stand in HTML and in SVG, between tags and in quoted attributes. */
export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

export interface TableColumn {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly number?: boolean;
}

/** A table; cells are HTML already. */
export function htmlTable(
  columns: readonly TableColumn[],
  rows: ReadonlyArray<readonly string[]>,
  label: string,
): string {
  const cell = (tag: string, text: string, column: TableColumn): string =>
    `<${tag}${column.number === true ? ' class="number"' : ''}>${text}</${tag}>`;
  const head = columns.map((column) => cell('th', escapeText(column.title), column)).join('');
  const body = rows
    .map((row) => `<tr>${row.map((text, index) => cell('td', text, columns[index])).join('')}</tr>`)
    .join('\n');
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeText(label)}"><table aria-label="${escapeText(label)}"><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

/** A verdict as a word with a colour, so that neither the colour nor the word is needed alone. */
export const badge = (good: boolean, yes: string, no: string): string =>
  `<span class="badge ${good ? 'good' : 'bad'}">${escapeText(good ? yes : no)}</span>`;

/** `1.234 s`, `850 ms` */
export function duration(ms: number): string {
  return Math.abs(ms) >= 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`;
}
