/** The offline Docker provider: its provider block and its four resource types. */
import { ProviderError } from '../protocol/diagnostics.ts';
import type { Provider } from '../protocol/provider-service.ts';
import { block, optional, refused, setOf } from '../protocol/schema.ts';
import { isUnknown, type ObjectValue } from '../protocol/values.ts';
import { containerType } from './container.ts';
import { DEFAULT_HOST, Engine } from './engine.ts';
import { imageType } from './image.ts';
import { networkType } from './network.ts';
import { volumeType } from './volume.ts';

const NO_TLS = 'Connections with TLS are not covered.';
const NO_REGISTRY = 'Registries that need a login are not covered.';

const providerBlock = block(
  {
    host: optional('string', { check: checkHost }),
    context: refused('string', 'Name the engine by "host" or DOCKER_HOST.'),
    ssh_opts: refused(['list', 'string'], 'Engines behind ssh:// are not covered.'),
    ca_material: refused('string', NO_TLS),
    cert_material: refused('string', NO_TLS),
    key_material: refused('string', NO_TLS),
    cert_path: refused('string', NO_TLS),
    disable_docker_daemon_check: optional('bool'),
  },
  {
    registry_auth: setOf(
      block({
        address: optional('string'),
        auth_disabled: optional('bool'),
        config_file: optional('string'),
        config_file_content: optional('string'),
        password: optional('string', { sensitive: true }),
        username: optional('string'),
      }),
      { refused: NO_REGISTRY },
    ),
  },
);

function checkHost(value: unknown): string | undefined {
  return /^(unix:\/\/\/|tcp:\/\/|http:\/\/)/.test(String(value))
    ? undefined
    : 'must begin with unix:/// or tcp:// (ssh:// and TLS are covered by kreuzwerker/docker only)';
}

/** The provider as terraform sees it. */
export const dockerProvider: Provider<Engine> = {
  schema: { version: 0, block: providerBlock },
  resources: {
    docker_image: imageType,
    docker_network: networkType,
    docker_volume: volumeType,
    docker_container: containerType,
  },
  configure: async (config: ObjectValue): Promise<Engine> => {
    if (isUnknown(config.host)) {
      throw new ProviderError('The provider’s "host" must be known before anything is planned', {
        detail:
          'It depends on something that is only made during apply. Use a plain address, or DOCKER_HOST.',
        path: ['host'],
      });
    }
    const host = typeof config.host === 'string' ? config.host : process.env.DOCKER_HOST || DEFAULT_HOST;
    const wrong = checkHost(host);
    if (wrong) {
      throw new ProviderError(`Invalid Docker host: ${host}`, {
        detail: `It ${wrong}. It came from DOCKER_HOST.`,
      });
    }
    const engine = new Engine(host);
    if (config.disable_docker_daemon_check !== true) {
      await engine.ping();
    }
    return engine;
  },
};
