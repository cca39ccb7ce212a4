import { Image } from '@cdktf/provider-docker/lib/image/index.js';
import { Network } from '@cdktf/provider-docker/lib/network/index.js';
import type { Construct } from 'constructs';
import { IMAGE_KINDS } from '../topology/container-options.ts';
import { BaseStack } from './base-stack.ts';
import type { StackInputs } from './inputs.ts';
import { INSTANCE_LABEL, OWNER_LABEL } from './owner-label.ts';

/** What an engine holds once per stack: the bridge network, with the VIP kept out of Docker's hands, and the images. */
export class NetworkStack extends BaseStack {
  constructor(scope: Construct, inputs: StackInputs) {
    const { plan } = inputs;
    super(scope, plan.network.stack, inputs);
    new Network(this, 'network', {
      name: plan.network.name,
      driver: 'bridge',
      attachable: true,
      ipamConfig: [
        {
          subnet: plan.network.subnet,
          gateway: plan.network.gateway,
          ipRange: plan.network.dynamicRange,
          auxAddress: { vip: plan.vip },
        },
      ],
      options: { 'com.docker.network.bridge.name': plan.network.bridge },
      labels: [
        { label: INSTANCE_LABEL, value: inputs.instance },
        { label: OWNER_LABEL, value: plan.name },
      ],
    });
    for (const kind of IMAGE_KINDS) {
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
