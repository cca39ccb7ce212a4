import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { terminalSvg } from '../../../tools/recording/terminal-svg.ts';

const texts = (svg: string): string[] =>
  [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);

describe('a picture of a terminal', () => {
  test('has what was typed and every line, as text and in order', () => {
    const lines = ['✓ system: <debian> & more', '  indented'].map((text, index) => ({ text, at: index }));
    const svg = terminalSvg({ command: 'npm start', lines });
    assert.deepEqual(texts(svg), ['$ npm start', '✓ system: &lt;debian&gt; &amp; more', '  indented']);
    assert.match(svg, /<desc>✓ system: &lt;debian&gt; &amp; more\n {2}indented<\/desc>/);
  });

  test('a line that is too long is cut, and shows it; no letter is cut in two', () => {
    const [, line] = texts(terminalSvg({ command: 'x', lines: [{ text: '😀'.repeat(300), at: 0 }] }));
    assert.equal([...line].length, 118);
    assert.ok(line.endsWith('😀…'));
  });

  test('whatever it took, it is over in 12 seconds, and a short one is not stretched', () => {
    const delays = (last: number): number[] =>
      [
        ...terminalSvg({
          command: 'x',
          lines: [0, last / 2, last].map((at) => ({ text: '-', at })),
        }).matchAll(/animation-delay:([\d.]+)s/g),
      ].map(([, seconds]) => Number(seconds));
    assert.deepEqual(delays(240_000), [6, 12]);
    assert.deepEqual(delays(3000), [1.5, 3]);
  });

  test('needs nothing from elsewhere, and moves for nobody who does not want it', () => {
    const svg = terminalSvg({ command: 'x', lines: [{ text: 'y', at: 1 }] });
    assert.doesNotMatch(svg.replace('http://www.w3.org/2000/svg', ''), /https?:|<script|@import|url\(/);
    assert.match(svg, /@media \(prefers-reduced-motion:no-preference\)\{\.line\{animation/);
  });
});
