import { imageKinds } from '../topology/container-options.ts';
import type { PlanNetwork } from '../topology/types.ts';
import { BaseStack } from './base-stack.ts';
import { type Construct, Image, Network, type NetworkConfig } from './cdktf.ts';
import type { ServiceInputs } from './inputs.ts';
import { INSTANCE_LABEL, OWNER_LABEL } from './owner-label.ts';

/**
 * What an engine holds once per stack: the front network, with the VIP kept out of Docker's hands, the back network, which
 * leads nowhere, the one by which alerts leave, and the images.
 */
export class NetworkStack extends BaseStack {
  constructor(scope: Construct, inputs: ServiceInputs) {
    const { plan } = inputs;
    super(scope, plan.networkStack, inputs);
    const labels = [
      { label: INSTANCE_LABEL, value: inputs.instance },
      { label: OWNER_LABEL, value: plan.name },
    ];
    new Network(this, 'network', {
      ...bridgeOf(plan.front, { vip: plan.vip }),
      // Applications are put there by hand.
      attachable: true,
      labels,
    });
    new Network(this, 'back-network', { ...bridgeOf(plan.back), internal: true, labels });
    // Nobody else is put there, and who is there need not speak to each other by it.
    if (plan.out !== undefined) new Network(this, 'out-network', { ...bridgeOf(plan.out), labels });
    for (const kind of imageKinds(plan)) {
      const image = inputs.images[kind];
      new Image(this, `image-${kind}`, {
        name: image.name,
        // Another stack on this engine may run the same image.
        keepLocally: true,
        buildAttribute: { context: image.context, dockerfile: 'Dockerfile', buildArgs: { BASE: image.base } },
      });
    }
  }
}

/** A bridge with its addresses as planned. @param reserved addresses that Docker gives to nobody, by a name */
function bridgeOf(network: PlanNetwork, reserved?: Record<string, string>): NetworkConfig {
  const { name, subnet, gateway, dynamicRange, bridge } = network;
  return {
    name,
    driver: 'bridge',
    ipamConfig: [{ subnet, gateway, ipRange: dynamicRange, auxAddress: reserved }],
    options: { 'com.docker.network.bridge.name': bridge },
  };
}
