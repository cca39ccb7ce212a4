import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EnvironmentError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import { hasLocalAddress } from '../observe/local-addresses.ts';
import { findProgram } from '../prepare/platform.ts';
import type { LabHost, LabPlace } from './place.ts';

const CGROUPS = '/sys/fs/cgroup';
const GONE_MS = 10_000;

/**
 * Process 1 of a host. Its /run is its own: an ssh login must find this host's engine there, not the machine's. Its engine
 * comes back when it ends, as with systemd. Arguments: control group, host name, address, folders of the host and of the keys.
 */
const INIT = `set -eu
group=$1 address=$3 folder=$4 keys=$5
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs -o size=64m,mode=755 tmpfs /run
# An engine of 20.10 keeps what it is known by in /etc/docker; the machine's stays as it is, and each host's is its own.
# A home of its own: what root of this machine starts at each login (.bashrc) is no business of a host's, and it would take time.
mkdir -p /run/sshd "$folder/etc/new" "$folder/etc/work" "$folder/home"
mount -t overlay -o "lowerdir=/etc,upperdir=$folder/etc/new,workdir=$folder/etc/work" overlay /etc
if [ ! -e "$folder/etc/own" ]; then
  rm -f /etc/docker/key.json
  : >"$folder/etc/own"
fi
hostname "$2"
echo 1 >/proc/sys/net/ipv4/ip_forward
"$SSHD" -f /dev/null -E "$folder/sshd.log" -o PidFile=/run/sshd.pid -o HostKey="$keys/host" -o ListenAddress="$address:22" \\
  -o AuthorizedKeysFile="$keys/authorized_keys" -o StrictModes=no -o UsePAM=no -o PermitRootLogin=prohibit-password \\
  -o PasswordAuthentication=no -o KbdInteractiveAuthentication=no -o SetEnv="HOME=$folder/home"
engine() {
  rm -f /run/docker.pid
  "$DOCKERD" --config-file "$folder/daemon.json" --data-root "$folder/docker" --exec-root /run/docker --pidfile /run/docker.pid \\
    --cgroup-parent "/$group/docker" --exec-opt native.cgroupdriver=cgroupfs --log-level warn \\
    -H unix:///run/docker.sock -H "tcp://$address:2376" \\
    --tlsverify --tlscacert "$keys/ca.pem" --tlscert "$keys/$CERT-cert.pem" --tlskey "$keys/$CERT-key.pem"
}
while :; do
  engine || true
  sleep 1
done
`;

/** Pid of the host's first process as this machine sees it; undefined when the host is off. */
export function hostPid({ namespace, pidFile }: LabHost): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    // A pid that is somebody else's by now says something else of itself.
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.includes(namespace) && words.includes(dirname(pidFile)) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Pid, as this machine sees it, of a process in a container of the host's engine which has an address of its own; undefined when
 * none has that one. By the address, for the engine counts pids of its own.
 */
export function containerPid({ namespace }: LabHost, address: string): number | undefined {
  const group = `/${namespace}/docker/`;
  const pid = readdirSync('/proc').find((name) => {
    try {
      return (
        /^\d+$/.test(name) &&
        readFileSync(`/proc/${name}/cgroup`, 'utf8').includes(group) &&
        hasLocalAddress(readFileSync(`/proc/${name}/net/fib_trie`, 'utf8'), address)
      );
    } catch {
      // It has just ended.
      return false;
    }
  });
  return pid === undefined ? undefined : Number(pid);
}

/** Switches a host on: its namespace and its cable are there. Returns at once; its engine takes a few seconds. */
export function startHost(host: LabHost, { keys }: LabPlace): void {
  const { folder, hostname, logFile, namespace, pidFile } = host;
  makeFolder(folder, 0o700);
  writeFileSync(join(folder, 'daemon.json'), '{}\n');
  const log = openSync(logFile, 'a', 0o600);
  const init = ['bash', '-c', INIT, 'lab', namespace, hostname, host.address, folder, keys];
  const child = spawn(
    'nsenter',
    [
      `--net=/run/netns/${namespace}`,
      'unshare',
      ...['--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child'],
      ...reaper(),
      ...init,
    ],
    {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        PATH: `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`,
        SSHD: findProgram('sshd'),
        DOCKERD: findProgram('dockerd'),
        CERT: host.name,
      },
    },
  );
  closeSync(log);
  child.unref();
  if (child.pid === undefined)
    throw new EnvironmentError(`host ${host.name} did not start`, { where: logFile });
  writeFileSync(pidFile, String(child.pid));
}

/** What collects processes that nobody waits for, where it is installed. */
function reaper(): string[] {
  const program = findProgram('docker-init') ?? findProgram('tini');
  return program === undefined ? [] : [program, '--'];
}

/** Switches a host off as a power cut does: all of its processes end with the first one. */
export async function stopHost(host: LabHost): Promise<void> {
  const pid = hostPid(host);
  if (pid === undefined) return;
  process.kill(pid, 'SIGKILL');
  const until = performance.now() + GONE_MS;
  while (hostPid(host) !== undefined && performance.now() < until) await sleep(20);
}

/** Removes the control groups that the host's engine made; they are empty when its processes have ended. */
export async function removeCgroups({ namespace }: LabHost): Promise<void> {
  const roots = [CGROUPS, ...readdirSync(CGROUPS).map((name) => join(CGROUPS, name))];
  for (const group of roots.map((root) => join(root, namespace)).filter((path) => existsSync(path))) {
    const until = performance.now() + GONE_MS;
    // Processes that were killed leave their group a moment later.
    while (!removeTree(group) && performance.now() < until) await sleep(50);
  }
}

/** A control group is removed by rmdir, from its innermost ones outwards. */
function removeTree(path: string): boolean {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (entry.isDirectory()) removeTree(join(path, entry.name));
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}
