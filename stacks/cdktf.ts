/**
 * All that is used of CDKTF and its Docker bindings; nothing else imports them. Under the fork, `cdktn`, the same names are
 * found by an alias of npm's: `"cdktf": "npm:cdktn@0.24.0"`. The bindings, of which the fork has none, then find it, too.
 */
export { Container, type ContainerConfig } from '@cdktf/provider-docker/lib/container/index.js';
export { Image } from '@cdktf/provider-docker/lib/image/index.js';
export { Network, type NetworkConfig } from '@cdktf/provider-docker/lib/network/index.js';
export { DockerProvider, type DockerProviderConfig } from '@cdktf/provider-docker/lib/provider/index.js';
export { Volume } from '@cdktf/provider-docker/lib/volume/index.js';
export {
  Annotations,
  App,
  Aspects,
  type IAspect,
  type ITerraformDependable,
  LocalBackend,
  TerraformStack,
} from 'cdktf';
export { Construct, type IConstruct } from 'constructs';
