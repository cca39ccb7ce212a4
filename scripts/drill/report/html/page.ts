import type { DrillDocument } from '../document.ts';
import { badge, escapeText } from './markup.ts';
import { drillSection, overview } from './sections.ts';
import { STYLE } from './style.ts';

const LEGEND: ReadonlyArray<readonly [string, string]> = [
  ['ok', 'write acknowledged'],
  ['refused', 'write refused, not executed'],
  ['unknown', 'write of unknown outcome'],
  ['read', 'read failed'],
  ['master', 'master'],
  ['replica', 'replica'],
];

/** Alerts are in it where there are some. */
const legendOf = ({ rounds }: DrillDocument): typeof LEGEND =>
  rounds.some(({ alerts }) => alerts?.some(({ raised }) => raised !== null))
    ? [...LEGEND, ['fault', 'alert raised']]
    : LEGEND;

/** What keeps the report from being all that was asked for. */
function shortcomings({ leftOut, problem }: DrillDocument): string {
  const items = leftOut.map(
    ({ drill, reason }) => `<li>Left out: <b>${escapeText(drill)}</b>: ${escapeText(reason)}</li>`,
  );
  if (problem !== null)
    items.push(`<li><strong>Ended early.</strong> <code>${escapeText(problem)}</code></li>`);
  return items.length === 0 ? '' : `<ul>${items.join('')}</ul>`;
}

/** The report as one HTML page that needs nothing else: no scripts, no fonts, no network. */
export function renderHtml(document: DrillDocument): string {
  const { stack, drills, rounds } = document;
  const kept = rounds.filter(({ passed }) => passed).length;
  const title = `Drills of ${stack}`;
  const partial = document.interrupted ? ' <strong>Interrupted: this report is partial.</strong>' : '';
  const seed = document.seed === null ? '' : ` Random faults by seed ${document.seed}.`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeText(title)} ${badge(document.passed, 'every promise kept', 'promises broken')}</h1>
<p class="soft">${kept} of ${rounds.length} rounds kept every promise; ${drills.length} ${drills.length === 1 ? 'drill' : 'drills'}, begun ${escapeText(document.startedAt.replace('T', ' ').slice(0, 19))} UTC.${seed}${partial}</p>
${shortcomings(document)}
${overview(document)}
<div class="legend">${legendOf(document)
    .map(([name, words]) => `<span><i style="background:var(--${name})"></i>${words}</span>`)
    .join('')}</div>
<p class="soft">Times count from the fault. Bars: what was answered in each 50 ms; latency: the slowest acknowledged write in them, logarithmic.</p>
${drills
  .map((drill) =>
    drillSection(
      drill,
      rounds.filter((round) => round.drill === drill.drill),
    ),
  )
  .join('\n')}
</main>
</body>
</html>
`;
}
