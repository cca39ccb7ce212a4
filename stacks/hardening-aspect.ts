import { Annotations, Container, type IAspect, type IConstruct } from './cdktf.ts';

/** What no container of ours may lack, and why; checked at synth so that it cannot be forgotten. */
const REQUIRED: ReadonlyArray<readonly [name: string, present: (container: Container) => boolean]> = [
  ['a restart policy', (c) => c.restartInput === 'always'],
  ['memory with an equal memorySwap', (c) => (c.memoryInput ?? 0) > 0 && c.memorySwapInput === c.memoryInput],
  ['log rotation (logDriver, logOpts max-size and max-file)', (c) => hasLogRotation(c)],
  ['a healthcheck, and wait', (c) => c.healthcheckInput !== undefined && c.waitInput === true],
  ['a static address, or the network of its host', (c) => c.networkModeInput === 'host' || staticAddress(c)],
  ['capabilities that drop ALL', (c) => c.capabilitiesInput?.drop?.includes('ALL') === true],
  ['no-new-privileges', (c) => c.securityOptsInput?.includes('no-new-privileges:true') === true],
  ['a read-only root', (c) => c.readOnlyInput === true],
  ['a stop time (stopTimeout, destroyGraceSeconds)', (c) => (c.destroyGraceSecondsInput ?? 0) > 0],
  ['labels', (c) => c.labelsInput !== undefined],
];

/** What a container that is never started may not lack. */
const REQUIRED_UNSTARTED: typeof REQUIRED = [
  ['mustRun: false', (c) => c.mustRunInput === false],
  ['networkMode none', (c) => c.networkModeInput === 'none'],
  ['capabilities that drop ALL', (c) => c.capabilitiesInput?.drop?.includes('ALL') === true],
  ['log rotation (logDriver, logOpts max-size and max-file)', (c) => hasLogRotation(c)],
];

/** Only the edge may add capabilities, and only these two (VRRP sockets and the VIP itself). */
const ALLOWED_CAPABILITIES = new Set(['CAP_NET_ADMIN', 'CAP_NET_RAW']);

/** Fails synth when a container lacks one of the properties above. */
export class HardeningAspect implements IAspect {
  visit(node: IConstruct): void {
    if (!(node instanceof Container)) return;
    const required = node.startInput === false ? REQUIRED_UNSTARTED : REQUIRED;
    const missing = required.filter(([, present]) => !present(node)).map(([name]) => name);
    const excess = (node.capabilitiesInput?.add ?? []).filter((name) => !ALLOWED_CAPABILITIES.has(name));
    if (missing.length > 0) {
      Annotations.of(node).addError(`container ${node.nameInput} lacks ${missing.join(', ')}`);
    }
    if (excess.length > 0) {
      Annotations.of(node).addError(`container ${node.nameInput} adds capabilities ${excess.join(', ')}`);
    }
  }
}

function hasLogRotation(container: Container): boolean {
  const options = container.logOptsInput ?? {};
  return container.logDriverInput === 'json-file' && 'max-size' in options && 'max-file' in options;
}

function staticAddress(container: Container): boolean {
  const networks = container.networksAdvancedInput;
  return (
    Array.isArray(networks) &&
    networks.length > 0 &&
    networks.every(({ ipv4Address }) => ipv4Address !== undefined)
  );
}
