/**
 * What the launcher runs: the provider, as an earlier start has left it compiled. Terraform starts a provider three or four times for each
 * command, and compiling is a third of what a start takes.
 */
const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const { wrap } = require('node:module');
const { join } = require('node:path');
const { Script } = require('node:vm');

const filename = join(__dirname, 'provider.cjs');
const source = readFileSync(filename, 'utf8');
const [, stamp] = /(\w+) \*\//.exec(source);
// At the mirror's root: what lies in the provider's own folder goes into the hash that terraform may have locked it by.
const cache = join(__dirname, '../../../../..', `provider-${stamp}.cache`);

function earlier() {
  try {
    return readFileSync(cache);
  } catch {
    return undefined;
  }
}

const cachedData = earlier();
const script = new Script(wrap(source), { filename, cachedData });
// What another version of node has left, or is damaged, node refuses.
if (cachedData === undefined || script.cachedDataRejected) {
  process.once('exit', (code) => {
    if (code !== 0) return;
    try {
      const own = `${cache}.${process.pid}`;
      writeFileSync(own, script.createCachedData());
      renameSync(own, cache);
    } catch {
      // A mirror that may only be read: each start compiles.
    }
  });
}
script.runInThisContext()(exports, require, module, filename, __dirname);
