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

  test('a line that is too long goes on in the next, between words; no letter is cut in two, and none is lost', () => {
    const text = `${'word '.repeat(40)}end`;
    const shown = texts(terminalSvg({ command: 'x', lines: [{ text, at: 0 }] })).slice(1);
    assert.equal(shown.length, 2);
    assert.ok(shown.every((line) => line.length <= 118 && /^ *word.*(word|end)$/.test(line)));
    assert.equal(shown.map((line) => line.trim()).join(' '), text);
    const wide = texts(terminalSvg({ command: 'x', lines: [{ text: '😀'.repeat(300), at: 0 }] })).slice(1);
    assert.deepEqual(
      wide.map((line) => [...line.trim()].length),
      [118, 116, 66],
    );
  });

  test('of its colours a heading has none that is of something else', () => {
    const svg = terminalSvg({
      command: 'x',
      lines: ['domain  member', 'errors that were seen', '  do: this', 'error: this'].map((text) => ({
        text,
        at: 0,
      })),
    });
    assert.match(svg, /class="line plain"[^>]*>domain/);
    assert.match(svg, /class="line plain"[^>]*>errors/);
    assert.match(svg, /class="line bad"[^>]*>error:/);
    assert.match(svg, /class="line soft"[^>]*> {2}do: this/);
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
