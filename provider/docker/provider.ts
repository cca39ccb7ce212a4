/** The offline Docker provider: its provider block and its four resource types. */
import { ProviderError } from '../protocol/diagnostics.ts';
import type { Provider } from '../protocol/provider-service.ts';
import { block, optional, refused, setOf } from '../protocol/schema.ts';
import { isUnknown, type ObjectValue } from '../protocol/values.ts';
import { readTls } from './connect.ts';
import { containerType } from './container.ts';
import { DEFAULT_HOST, Engine } from './engine.ts';
import { imageType } from './image.ts';
import { networkType } from './network.ts';
import type { TlsMaterial } from './tls-material.ts';
import { volumeType } from './volume.ts';

const NO_REGISTRY = 'Registries that need a login are not covered.';

const providerBlock = block(
  {
    host: optional('string', { check: checkHost }),
    context: refused('string', 'Name the engine by "host" or DOCKER_HOST.'),
    ssh_opts: optional(['list', 'string']),
    ca_material: optional('string'),
    cert_material: optional('string'),
    key_material: optional('string'),
    cert_path: optional('string'),
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
  return /^(unix:\/\/\/|tcp:\/\/|http:\/\/|ssh:\/\/)/.test(String(value))
    ? undefined
    : 'must begin with unix:///, tcp:// or ssh://';
}

/**
 * TLS as kreuzwerker/docker has it: three texts, or a folder with docker's own file names, which DOCKER_CERT_PATH may name.
 *
 * @throws ProviderError when one of the three is missing, or a file cannot be read
 */
function tlsOf(config: ObjectValue): TlsMaterial | undefined {
  const names = ['ca_material', 'cert_material', 'key_material'] as const;
  const [ca, cert, key] = names.map((name) => String(config[name] ?? ''));
  if (ca !== '' || cert !== '' || key !== '') {
    const missing = names.find((name) => String(config[name] ?? '') === '');
    if (missing === undefined) return { ca, cert, key };
    throw new ProviderError(`${missing} is missing`, {
      detail: 'TLS takes ca_material, cert_material and key_material together, or a cert_path.',
      path: [missing],
    });
  }
  const folder = String(config.cert_path ?? process.env.DOCKER_CERT_PATH ?? '');
  if (folder === '') return undefined;
  try {
    return readTls(folder);
  } catch (error) {
    throw new ProviderError(`The certificates cannot be read: ${(error as Error).message}`, {
      detail: `"cert_path", or DOCKER_CERT_PATH, names a folder with ca.pem, cert.pem and key.pem: ${folder}`,
      path: ['cert_path'],
      cause: error,
    });
  }
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
    const engine = new Engine(host, {
      // Only tcp:// can be secured so; ssh:// and the socket of this machine need nothing.
      tls: host.startsWith('tcp://') ? tlsOf(config) : undefined,
      sshOptions: Array.isArray(config.ssh_opts) ? config.ssh_opts.map(String) : [],
    });
    if (config.disable_docker_daemon_check !== true) {
      await engine.ping();
    }
    return engine;
  },
};
