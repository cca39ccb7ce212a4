import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderProxyFiles } from '../../scripts/render/nutcracker-yml.ts';
import type { NativeTier } from './native-tier.ts';
import { type RunningProxy, startProxy } from './proxy.ts';
import { TEST_CREDENTIALS } from './stack-fixture.ts';

/** Starts a proxy before a tier, with the very files that the stack's proxies have, but for the addresses of its pools. */
export async function startTierProxy(tier: NativeTier): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'twemstack-tier-proxy-'));
  const files = new Map(
    renderProxyFiles(tier.plan, tier.plan.proxies[0], TEST_CREDENTIALS).map((file) => [
      file.name,
      file.content,
    ]),
  );
  const pools = String(files.get('nutcracker.yml')).replaceAll('/etc/twemstack/', `${folder}/`);
  files.delete('nutcracker.yml');
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const proxy = await startProxy('bun', tier.plan.pools.length, (ports) => {
      const left = [...ports];
      return pools.replace(/listen: 0\.0\.0\.0:\d+/g, () => `listen: 127.0.0.1:${left.shift()}`);
    });
    return {
      ...proxy,
      get daemon() {
        return proxy.daemon;
      },
      async stop() {
        await proxy.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
