import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';

export interface AttachedCommand {
  readonly command: readonly string[];
  /** `NAME=value`; not to be seen in any list of processes. */
  readonly environment: readonly string[];
  /** Numeric user in the container. */
  readonly user: string;
}

/**
 * Runs a command in a container with the streams of this process: a terminal when this process has one, else stdin until
 * its end, and stdout and stderr apart.
 *
 * @returns its exit code
 */
export async function execAttached(
  engine: Docker,
  container: string,
  { command, environment, user }: AttachedCommand,
): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const isTerminal = stdin.isTTY === true && stdout.isTTY === true;
  const exec = await engine.getContainer(container).exec({
    Cmd: [...command],
    Env: isTerminal ? [...environment, `TERM=${process.env.TERM ?? 'xterm'}`] : [...environment],
    User: user,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: isTerminal,
  });
  const stream: Duplex = await exec.start({ hijack: true, stdin: true, Tty: isTerminal });
  const resize = (): void => {
    // The command may have ended meanwhile.
    void exec.resize({ w: stdout.columns, h: stdout.rows }).catch(() => undefined);
  };
  if (isTerminal) {
    stdin.setRawMode(true);
    stdout.on('resize', resize);
    resize();
    stream.pipe(stdout, { end: false });
  } else {
    engine.modem.demuxStream(stream, stdout, stderr);
  }
  stdin.pipe(stream);
  try {
    await new Promise<void>((resolve, reject) => {
      stream.once('end', resolve);
      stream.once('close', resolve);
      stream.once('error', reject);
    });
  } finally {
    stdin.unpipe(stream);
    // A pipe that its writer keeps open would keep this process, too.
    if (isTerminal) stdin.setRawMode(false);
    stdin.destroy();
    stdout.off('resize', resize);
  }
  return (await exec.inspect()).ExitCode ?? 1;
}
