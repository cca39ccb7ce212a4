/** One step of a script, ready to be done. */
export interface TimedDeed {
  /** Milliseconds from the beginning. */
  readonly at: number;
  /** Whether it cuts links or heals them. */
  readonly onLinks: boolean;
  readonly act: () => Promise<void>;
}

/**
 * Begins each deed in its time, and ends when all of them have. What changes links comes one after the other, however slow
 * the machine is: a cut must not lose its chains to a mend that has not ended yet.
 *
 * @param until waits for a moment of the script; false: nothing more is to be begun
 * @throws what the first deed threw that failed, when all have ended: nothing is still being done then
 */
export async function beginDeeds(
  deeds: readonly TimedDeed[],
  end: number,
  until: (at: number) => Promise<boolean>,
): Promise<void> {
  const begun: Array<Promise<void>> = [];
  let links = Promise.resolve();
  for (const { at, onLinks, act } of deeds) {
    if (!(await until(at))) break;
    const deed = onLinks ? links.then(act) : act();
    if (onLinks) links = deed;
    begun.push(deed);
    // It is told of below.
    deed.catch(() => undefined);
  }
  await until(end);
  const failed = (await Promise.allSettled(begun)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}
