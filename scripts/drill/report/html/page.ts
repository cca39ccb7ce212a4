import type { DrillDocument } from '../document.ts';

export function renderHtml(document: DrillDocument): string {
  return JSON.stringify(document);
}
