/** A line of a terminal, and when it came. */
export interface RecordedLine {
  readonly text: string;
  /** Milliseconds since the beginning. */
  readonly at: number;
}

export interface Recording {
  /** What was typed. */
  readonly command: string;
  readonly lines: readonly RecordedLine[];
}

/** Characters of a line; what is longer goes on in the next one, as in a terminal. */
const COLUMNS = 118;
const CHARACTER = 7.3;
const LINE = 18;
const MARGIN = 16;
const BAR = 30;
/** However long it took, the picture is over after so many seconds. */
const LONGEST_PLAY = 12;

/** How a line is coloured, by what it begins with. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^✓ .*(MISSED|BROKEN)|^✗|^error:|^degraded/, 'bad'],
  [/^✓/, 'good'],
  [/^(offline|note|·|Try|\s*where|\s*do):/, 'soft'],
];

/**
 * A picture of what a terminal showed: lines come in the order and, sped up, at the pace in which they came. Whoever wants
 * no motion, or sees it printed, has all of them at once. Pure.
 */
export function terminalSvg({ command, lines }: Recording): string {
  const width = Math.ceil(COLUMNS * CHARACTER) + 2 * MARGIN;
  const shown = lines.flatMap(({ text, at }) => {
    const kind = kindOf(text);
    return wrap(text).map((part) => ({ part, at, kind }));
  });
  const height = BAR + (shown.length + 1) * LINE + 2 * MARGIN;
  const end = Math.max(1, lines.at(-1)?.at ?? 1) / 1000;
  const speed = Math.max(1, end / LONGEST_PLAY);
  const row = (text: string, index: number, kind: string, seconds: number): string => {
    const y = BAR + MARGIN + (index + 1) * LINE - 5;
    const delay = seconds === 0 ? '' : ` style="animation-delay:${seconds.toFixed(2)}s"`;
    return `<text x="${MARGIN}" y="${y}" class="line ${kind}"${delay} xml:space="preserve">${escapeText(text)}</text>`;
  };
  const rows = [
    row(`$ ${command}`, 0, 'typed', 0),
    ...shown.map(({ part, at, kind }, index) => row(part, index + 1, kind, at / 1000 / speed)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escapeText(command)}</title>
<desc>${escapeText(lines.map(({ text }) => text).join('\n'))}</desc>
<style>${STYLE}</style>
<rect width="${width}" height="${height}" rx="8" class="ground"/>
<circle cx="18" cy="16" r="5" class="soft"/><circle cx="36" cy="16" r="5" class="soft"/><circle cx="54" cy="16" r="5" class="soft"/>
${rows.join('\n')}
</svg>
`;
}

const STYLE = `
.ground{fill:#14181d}
text{font:12px ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;fill:#d7dde3}
.typed{fill:#ffffff;font-weight:600}.good{fill:#7fd6a7}.bad{fill:#ff7a7f}.soft{fill:#9aa5b1}
@media (prefers-reduced-motion:no-preference){.line{animation:come .15s both}}
@media print{.line{animation:none}}
@keyframes come{from{opacity:0}to{opacity:1}}
`;

const kindOf = (text: string): string => KINDS.find(([begin]) => begin.test(text))?.[1] ?? 'plain';

/** In lines of `COLUMNS` at most, ended between words where there is a space. */
function wrap(text: string): string[] {
  const letters = [...text];
  if (letters.length <= COLUMNS) return [text];
  const space = letters.lastIndexOf(' ', COLUMNS);
  const end = space > COLUMNS / 2 ? space : COLUMNS;
  const first = letters.slice(0, end).join('');
  const rest = letters.slice(end).join('').trim();
  return rest === '' ? [first] : [first, ...wrap(`  ${rest}`)];
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
