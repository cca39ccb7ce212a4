import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { execa } from 'execa';
import { EnvironmentError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import { findProgram } from '../prepare/platform.ts';
import type { LabHost, LabPlace } from './place.ts';

const VALID_DAYS = '365';

/** ssh keys of hosts and person, and certificates of engines and person: of the lab alone, made once per lab and host. */
export async function makeKeys(place: LabPlace, hosts: readonly LabHost[]): Promise<void> {
  const { keys } = place;
  writeSsh(place);
  await once(keys, 'done', () => Promise.all([makeSshKeys(place), makeAuthority(place)]));
  for (const { address, name } of hosts)
    await once(keys, `done-${name}`, () =>
      issue(keys, `${name}-`, `extendedKeyUsage=serverAuth\nsubjectAltName=IP:${address}\n`),
    );
  const key = readFileSync(join(keys, 'host.pub'), 'utf8').trim();
  writeFileSync(join(keys, 'known_hosts'), hosts.map(({ address }) => `${address} ${key}\n`).join(''));
}

/** What a killed `up` has half made is made again. */
async function once(keys: string, mark: string, make: () => Promise<unknown>): Promise<void> {
  if (existsSync(join(keys, mark))) return;
  makeFolder(keys, 0o700);
  await make();
  writeFileSync(join(keys, mark), '');
}

async function makeSshKeys({ keys }: LabPlace): Promise<void> {
  for (const name of ['host', 'person']) {
    const args = ['-q', '-t', 'ed25519', '-N', '', '-C', `twemstack lab ${name}`, '-f', join(keys, name)];
    // A half-made one of a killed `up` would be asked about.
    for (const file of [name, `${name}.pub`]) rmSync(join(keys, file), { force: true });
    await execa('ssh-keygen', args, { stdin: 'ignore' });
  }
  copyFileSync(join(keys, 'person.pub'), join(keys, 'authorized_keys'));
}

/**
 * An ssh with the lab's key and hosts in front of the person's own configuration. It names the one that it runs in full:
 * looked up on PATH, where npx puts folders of its own before the lab's, it found itself again, without end.
 */
function writeSsh({ bin, keys }: LabPlace): void {
  makeFolder(bin);
  const program = join(bin, 'ssh');
  const others = (process.env.PATH ?? '').split(delimiter).filter((folder) => resolve(folder) !== bin);
  const ssh = findProgram('ssh', others.join(delimiter));
  if (ssh === undefined) throw new EnvironmentError('ssh: not found on PATH', { where: 'lab' });
  writeFileSync(
    program,
    `#!/bin/sh
# ssh for the hosts of \`twemstack lab\`: their keys, and nothing of ~/.ssh.
exec "${ssh}" -F /dev/null -o IdentitiesOnly=yes -i "${join(keys, 'person')}" -o UserKnownHostsFile="${join(keys, 'known_hosts')}" \\
  -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes "$@"
`,
  );
  chmodSync(program, 0o755);
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

const openssl = (keys: string, ...words: string[]): Promise<unknown> =>
  execa('openssl', words, { cwd: keys, stdin: 'ignore' });

/** Files as docker's own client and dockerd call them: `ca.pem`, and the person's `cert.pem`, `key.pem`. */
async function makeAuthority({ keys }: LabPlace): Promise<void> {
  const authority = ['-keyout', 'ca-key.pem', '-out', 'ca.pem', '-days', VALID_DAYS];
  await openssl(keys, 'req', '-x509', ...NEW_KEY, '-subj', '/CN=twemstack lab', ...authority);
  await issue(keys, '', 'extendedKeyUsage=clientAuth\n');
}

/** A certificate by the lab's authority, and its key: `<prefix>cert.pem`, `<prefix>key.pem`. */
async function issue(keys: string, prefix: string, extensions: string): Promise<void> {
  const [request, settings] = [`${prefix}request.pem`, `${prefix}extensions`];
  const named = ['-subj', `/CN=${prefix}lab`, '-keyout', `${prefix}key.pem`, '-out', request];
  await openssl(keys, 'req', ...NEW_KEY, ...named);
  writeFileSync(join(keys, settings), extensions);
  await openssl(
    keys,
    ...['x509', '-req', '-in', request, '-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial'],
    ...['-days', VALID_DAYS, '-extfile', settings, '-out', `${prefix}cert.pem`],
  );
  for (const file of [request, settings]) rmSync(join(keys, file));
}
