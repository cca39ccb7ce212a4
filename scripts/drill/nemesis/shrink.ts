import type { Script, ScriptLink, ScriptStep } from './script.ts';

/** What a script consists of that can be left out: one link, or one other deed. */
interface Atom {
  /** Index of its step. */
  readonly step: number;
  readonly link?: ScriptLink;
}

/**
 * A smaller script that still fails: leaves out halves, then quarters and so on, down to single links and deeds, as long as
 * what remains fails (delta debugging). What fails only now and then may pass when it is tried, so the result is the
 * smallest that was seen to fail, not the smallest there is.
 *
 * @param fails performs a script on the stack, a minute each
 * @param tries how often at most
 */
export async function shrink(
  script: Script,
  fails: (smaller: Script) => Promise<boolean>,
  tries: number,
): Promise<{ readonly script: Script; readonly tried: number }> {
  let kept = atomsOf(script);
  let tried = 0;
  let parts = 2;
  while (kept.length > 1 && tried < tries) {
    const size = Math.ceil(kept.length / parts);
    let smaller: Atom[] | undefined;
    for (let from = 0; from < kept.length && tried < tries && smaller === undefined; from += size) {
      const candidate = [...kept.slice(0, from), ...kept.slice(from + size)];
      tried += 1;
      if (await fails(compose(script, candidate))) smaller = candidate;
    }
    if (smaller !== undefined) {
      kept = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) break;
    else parts = Math.min(kept.length, parts * 2);
  }
  return { script: compose(script, kept), tried };
}

function atomsOf({ steps }: Script): Atom[] {
  return steps.flatMap(({ deed }, step): Atom[] =>
    deed.verb === 'cut' ? deed.links.map((link) => ({ step, link })) : [{ step }],
  );
}

function compose({ steps, end }: Script, atoms: readonly Atom[]): Script {
  return {
    end,
    steps: steps.flatMap(({ at, deed }, index): ScriptStep[] => {
      const own = atoms.filter(({ step }) => step === index);
      if (own.length === 0) return [];
      if (deed.verb !== 'cut') return [{ at, deed }];
      return [{ at, deed: { verb: 'cut', links: own.flatMap(({ link }) => link ?? []) } }];
    }),
  };
}
