import assert from 'node:assert/strict';
import type { Scheme, WatchedPage } from '../support/browser.ts';

/** JavaScript to be evaluated in a page: each gives a list of what is wrong with how it looks, and [] when nothing is. */

const describe = `const name = (element) => element.textContent.trim().slice(0, 60);`;

/** Texts of a drawing that reach out of it, and elements of the page that are wider than what is shown of them. */
export const CLIPPED = `(() => {
  ${describe}
  const within = (inner, outer) =>
    inner.left >= outer.left - 1 && inner.right <= outer.right + 1 &&
    inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
  const drawn = [...document.querySelectorAll('svg text')]
    .filter((text) => text.checkVisibility())
    .filter((text) => !within(text.getBoundingClientRect(), text.ownerSVGElement.getBoundingClientRect()));
  const cut = [...document.querySelectorAll('h1, h2, h3, p, li, td, th, summary, span')].filter(
    (element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline',
  );
  const page = document.documentElement;
  const wide = page.scrollWidth > page.clientWidth ? ['the page itself scrolls sideways'] : [];
  return [...wide, ...drawn.map(name), ...cut.map(name)];
})()`;

/** Texts of a drawing that stand on each other. */
export const OVERLAPPING = `(() => {
  ${describe}
  return [...document.querySelectorAll('svg')].filter((svg) => svg.checkVisibility()).flatMap((svg) => {
    const texts = [...svg.querySelectorAll('text')].map((text) => [text, text.getBoundingClientRect()]);
    return texts.flatMap(([one, a], index) =>
      texts.slice(index + 1)
        .filter(([, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
          Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4)
        .map(([other]) => name(one) + ' / ' + name(other)),
    );
  });
})()`;

/** Texts that are hard to read: contrast below 4.5 to 1 with what is behind them (WCAG 2, AA). */
export const FAINT = `(() => {
  ${describe}
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((value) => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const behind = (element) => {
    // In a bar, a name stands on the rectangle drawn just before it.
    if (element.matches('svg .on')) return getComputedStyle(element.previousElementSibling).fill;
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (channels(color)[3] !== 0) return color;
    }
  };
  const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
  return [...document.querySelectorAll('body *')].filter((element) => own(element) && element.checkVisibility())
    .flatMap((element) => {
      const style = getComputedStyle(element);
      const color = element.ownerSVGElement ? style.fill : style.color;
      const found = contrast(color, behind(element));
      return found < 4.5 ? [name(element) + ': ' + found.toFixed(1) + ', ' + color + ' on ' + behind(element)] : [];
    });
})()`;

/** On such a screen no text is cut off, stands on another, or is hard to read, and axe-core has no complaint. */
export async function assertLegible(watched: WatchedPage, width: number, scheme: Scheme): Promise<void> {
  await watched.look(width, scheme);
  assert.deepEqual(await watched.page.evaluate(CLIPPED), []);
  assert.deepEqual(await watched.page.evaluate(OVERLAPPING), []);
  assert.deepEqual(await watched.page.evaluate(FAINT), []);
  assert.deepEqual(await watched.complaints(), []);
}
