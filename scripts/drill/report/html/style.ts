/** The page's colours and shapes. Light by default, dark where the reader's system is. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2128; --soft: #5b6470; --line: #d5dae0; --panel: #f5f7f9;
  --good: #1a7f4b; --bad: #c4262e; --ok: #3b7dd8; --refused: #d98a00; --unknown: #d02f6b;
  --read: #7d4fc4; --latency: #4a5563; --master: #2f8f6b; --replica: #b9c4cf; --edge-0: #2b66b8; --edge-1: #96590f;
  --edge-2: #7d4fc4; --fault: #c4262e; --mark: #5b6470;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181d; --ink: #e4e8ec; --soft: #9aa5b1; --line: #333b45; --panel: #1c2229;
    --good: #4cc38a; --bad: #ff6b70; --ok: #6aa5f5; --refused: #f0b03f; --unknown: #ff6d9e;
    --read: #b08cf0; --latency: #aab4c0; --master: #4fbf94; --replica: #4a5663; --edge-0: #6aa5f5; --edge-1: #e0a04a;
    --edge-2: #b08cf0; --fault: #ff6b70; --mark: #9aa5b1;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .25rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: .95rem; margin: 1.25rem 0 .25rem; }
p { margin: .25rem 0 .75rem; }
.soft { color: var(--soft); }
a { color: inherit; }
.name { white-space: nowrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .87rem; font-variant-numeric: tabular-nums; margin: .5rem 0 1rem; }
th { text-align: left; font-weight: 600; color: var(--soft); }
th, td { padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.number { text-align: right; white-space: nowrap; }
.badge { font-weight: 600; white-space: nowrap; }
.badge.good { color: var(--good); }
.badge.bad { color: var(--bad); }
figure { margin: .5rem 0 1rem; padding: .5rem; background: var(--panel); border-radius: 6px; overflow-x: auto; }
figure svg { display: block; min-width: 720px; width: 100%; height: auto; }
details { margin: .4rem 0; }
summary { cursor: pointer; color: var(--soft); }
code { font: .85em/1.4 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .82rem; color: var(--soft); margin: .75rem 0; }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .4em; vertical-align: -.05em; }
svg text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--soft); }
svg .lane { fill: var(--ink); } svg .hit { fill: var(--fault); font-weight: 600; }
svg .band { fill: var(--fault); opacity: .07; }
svg .on { fill: var(--paper); font-size: 10px; }
svg .grid { stroke: var(--line); stroke-width: 1; fill: none; }
svg .ok { fill: var(--ok); } svg .refused { fill: var(--refused); } svg .unknown { fill: var(--unknown); }
svg .read { fill: var(--read); } svg .latency { stroke: var(--latency); stroke-width: 1.6; fill: none; }
svg .master { fill: var(--master); } svg .replica { fill: var(--replica); }
svg .away, svg .alert { fill: var(--fault); }
svg .unreachable { fill: none; stroke: var(--line); stroke-dasharray: 3 3; }
svg .mark { stroke: var(--mark); stroke-dasharray: 3 3; } svg .fault { stroke: var(--fault); stroke-width: 1.5; }
svg .fault-text { fill: var(--fault); font-weight: 600; }
svg .edge-0 { fill: var(--edge-0); } svg .edge-1 { fill: var(--edge-1); } svg .edge-2 { fill: var(--edge-2); }
@media print { details { display: block; } body { max-width: none; } }
`;
