/** Runs a provider as a terraform plugin: checks who started it, opens the socket, says where it listens, ends in time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ServerCredentials } from '@grpc/grpc-js';
import { makeServerCertificate } from './certificate.ts';
import { makeServer } from './grpc-server.ts';
import { log } from './log.ts';
import { type Provider, ProviderService } from './provider-service.ts';

/** What terraform sets so that a plugin knows it was not started by hand. */
const MAGIC = {
  name: 'TF_PLUGIN_MAGIC_COOKIE',
  value: 'd602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2',
};
const CORE_PROTOCOL = 1;
const PLUGIN_PROTOCOL = 5;
const PARENT_CHECK_MS = 250;

/** Serves the provider until terraform says Shutdown or is gone. Returns an exit code at once when not started by terraform. */
export async function serve<Engine>(provider: Provider<Engine>): Promise<number | undefined> {
  if (process.env[MAGIC.name] !== MAGIC.value) {
    process.stderr.write('This is a terraform provider. It is started by terraform, not by hand.\n');
    return 1;
  }
  const clientCertificate = process.env.PLUGIN_CLIENT_CERT;
  if (!clientCertificate) {
    process.stderr.write(
      'terraform gave no PLUGIN_CLIENT_CERT; a terraform with mutual TLS (0.13 or later) is needed.\n',
    );
    return 1;
  }
  // Short, because the path of a socket is limited to about 100 bytes.
  const folder = mkdtempSync(path.join(tmpdir(), 'tf-docker-'));
  const end = (): never => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(0);
  };
  const own = await makeServerCertificate();
  const server = makeServer(new ProviderService(provider), () => {
    server.tryShutdown(end);
    // The two streams may stay open; they must not hold the process.
    setTimeout(end, 100);
  });
  const credentials = ServerCredentials.createSsl(
    Buffer.from(clientCertificate),
    [{ private_key: Buffer.from(own.key), cert_chain: Buffer.from(own.certificate) }],
    true,
  );
  const socket = path.join(folder, 'plugin');
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, credentials, (error) => (error ? reject(error) : resolve()));
  });
  endWithParent(end);
  process.stdout.write(`${CORE_PROTOCOL}|${PLUGIN_PROTOCOL}|unix|${socket}|grpc|${own.handshake}\n`);
  return undefined;
}

/**
 * Signals are left to terraform: Ctrl-C or a service manager reach the whole group, and terraform then tells us to Stop, so
 * that what was half done still gets into the state. When terraform is killed nobody tells us; then the parent changes.
 */
function endWithParent(end: () => never): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => log('debug', 'signal left to terraform', { signal }));
  }
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) {
      log('warn', 'terraform is gone, ending');
      end();
    }
  }, PARENT_CHECK_MS);
}
