/** Pictures of a plan: Mermaid for Markdown that renders it, SVG for everything else. */
export { renderMermaid } from './diagram-mermaid.ts';
export { renderSvg } from './diagram-svg.ts';
