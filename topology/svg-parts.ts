/** The few SVG elements our diagram is made of. Coordinates in px; text widths are estimates for a monospace font. */
import { DOMAIN_COLOURS } from './diagram-palette.ts';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Advance of one character of the monospace fonts we name, in em: 0.60 for nearly all of them. */
const MONO_EM = 0.605;

export function monoWidth(text: string, fontSize: number): number {
  return Math.ceil([...text].length * MONO_EM * fontSize);
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

export function rect(box: Box, style: string, radius = 10): string {
  return `<rect class="${style}" x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" rx="${radius}"/>`;
}

export function text(x: number, y: number, style: string, content: string): string {
  return `<text class="${style}" x="${x}" y="${y}">${escapeXml(content)}</text>`;
}

/** From the right edge of one box to the left edge of another, as a gentle S. */
export function flow(from: Box, to: Box, style: string): string {
  const start = { x: from.x + from.width, y: middle(from) };
  const end = { x: to.x - 2, y: middle(to) };
  const bend = Math.round((start.x + end.x) / 2);
  return `<path class="${style}" d="M${start.x} ${start.y} C${bend} ${start.y} ${bend} ${end.y} ${end.x} ${end.y}"/>`;
}

/** A vertical line upwards, arrow at the top. */
export function rise(x: number, fromY: number, toY: number, style: string): string {
  return `<path class="${style}" d="M${x} ${fromY} V${toY + 2}"/>`;
}

export function middle(box: Box): number {
  return box.y + box.height / 2;
}

/** The smallest box around others. */
export function around(boxes: readonly Box[]): Box {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}

const SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
const MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/** Light by default, dark where the reader's system is. No CSS variables: not every renderer knows them. */
export function styleSheet(domains: number): string {
  const colours = DOMAIN_COLOURS.slice(0, domains);
  const light = colours.map((c, i) => `.d${i}{fill:${c.light};stroke:${c.line}}.b${i}{fill:${c.line}}`);
  const dark = colours.map((c, i) => `.d${i}{fill:${c.dark}}`);
  return `<style>
text{font-family:${SANS};fill:#1f2937}
.title{font-size:17px;font-weight:650}.head{font-size:12px;font-weight:600;fill:#4b5563}
.note{font-size:11px;fill:#6b7280}.mono,.address,.tag{font-family:${MONO}}
.mono{font-size:12.5px;font-weight:600}.address{font-size:11.5px;fill:#4b5563}.tag{font-size:10.5px;fill:#6b7280}
.end{text-anchor:end}.mid{text-anchor:middle}
.page{fill:#ffffff}.panel{fill:#f8fafc;stroke:#d5dbe3}.plain{fill:#ffffff;stroke:#94a3b8;stroke-width:1.3}
.vip{fill:#1f2937;stroke:#1f2937}.onvip{fill:#ffffff}.onvip2{fill:#d1d9e6}
.card{stroke-width:1.2}
.line{fill:none;stroke:#64748b;stroke-width:1.5;marker-end:url(#arrow)}
.thin{fill:none;stroke:#94a3b8;stroke-width:1.1;marker-end:url(#arrow)}
.dots{fill:none;stroke:#64748b;stroke-width:1.4;stroke-dasharray:2 4;stroke-linecap:round;marker-end:url(#arrow)}
.tip{fill:#64748b}
${light.join('')}
@media (prefers-color-scheme: dark){
text{fill:#e5e7eb}.head{fill:#b6bfcc}.note,.tag{fill:#9aa5b4}.address{fill:#b6bfcc}
.page{fill:#0d1117}.panel{fill:#151b23;stroke:#343d49}.plain{fill:#151b23;stroke:#6b7787}
.vip{fill:#e5e7eb;stroke:#e5e7eb}.onvip{fill:#0d1117}.onvip2{fill:#3b4654}
.line,.dots{stroke:#8b98a9}.thin{stroke:#5f6b7a}.tip{fill:#8b98a9}
${dark.join('')}
}
</style>`;
}
