/**
 * Whether this Node will do. Node 12 can read this file, and it imports nothing: whoever asks does so before anything else is
 * loaded, which an old one may not even parse.
 */

/** Oldest Node that cdktf 0.21 takes. */
const OLDEST = [20, 9];

/**
 * @param {string} version of a Node
 * @returns {string | undefined} what is wrong with it
 */
export function nodeFault(version) {
  const parts = version.split('.').map(Number);
  if (parts[0] > OLDEST[0] || (parts[0] === OLDEST[0] && parts[1] >= OLDEST[1])) return undefined;
  return `Node ${version} is too old, ${OLDEST.join('.')} or newer is needed`;
}

/** What to do about it. */
export const NODE_REMEDY = 'install Node 20 or newer and run the same command again';

/** Ends with exit code 3 and a sentence when this Node is too old. */
export function demandNode() {
  const fault = nodeFault(process.versions.node);
  if (fault === undefined) return;
  process.stderr.write(`error: ${fault}\n  where: ${process.execPath}\n  do:    ${NODE_REMEDY}\n`);
  process.exit(3);
}
