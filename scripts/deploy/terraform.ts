import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa, type ResultPromise } from 'execa';
import { NotSoError } from '../errors.ts';
import type { Environment } from '../prepare/environment.ts';
import { AFTER_INTERRUPT } from './gate.ts';
import { letStandBack } from './stand-back.ts';

/** A terraform outlives the one who started it when that is killed outright, and goes on with what it was doing. */
const LOCK_TIMEOUT = '-lock-timeout=120s';

/** What one apply or destroy did. */
export interface Changes {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

/** What an apply would do to one resource. */
export interface PlannedChange {
  readonly address: string;
  readonly type: string;
  /** The resource's key in the configuration. */
  readonly name: string;
  readonly action: 'create' | 'update' | 'replace' | 'delete';
}

/** A line of terraform's machine-readable log (`-json`), as far as it is used here. */
interface Line {
  readonly type?: string;
  readonly '@level'?: string;
  readonly '@message'?: string;
  readonly hook?: {
    readonly resource?: { readonly resource_name?: string; readonly addr?: string };
    readonly action?: string;
  };
  readonly changes?: { readonly add: number; readonly change: number; readonly remove: number };
  readonly change?: {
    readonly resource: {
      readonly addr: string;
      readonly resource_type: string;
      readonly resource_name: string;
    };
    readonly action: string;
  };
  readonly diagnostic?: {
    readonly severity: string;
    readonly summary: string;
    readonly detail?: string;
    readonly address?: string;
  };
}

/** Runs terraform (or tofu) in the folder of one synthesised stack. */
export class Terraform {
  readonly #program: Environment['terraform'];
  readonly #signal?: AbortSignal;

  /** `signal` interrupts a running command the way Ctrl-C does: terraform finishes what it is doing and saves its state. */
  constructor(program: Environment['terraform'], signal?: AbortSignal) {
    this.#program = program;
    this.#signal = signal;
  }

  /** Installs the provider in the stack's folder, unless it is there already. */
  async init(dir: string): Promise<void> {
    if (isInitialised(dir)) return;
    const result = await this.#start(dir, ['init', '-input=false', '-no-color', '-reconfigure'], 'all');
    if (result.exitCode !== 0) throw failure('init', dir, String(result.all ?? ''));
  }

  /**
   * What an apply would do now, changing nothing.
   *
   * @param replace addresses of resources to make anew even if nothing about them has changed
   */
  async plan(dir: string, replace: readonly string[] = []): Promise<PlannedChange[]> {
    const planned: PlannedChange[] = [];
    const args = ['plan', '-input=false', LOCK_TIMEOUT, '-json', ...replace.map(replaceFlag)];
    await this.#run('plan', dir, args, (line) => {
      const { change } = line;
      if (line.type !== 'planned_change' || change === undefined || !isAction(change.action)) return;
      const { addr: address, resource_type: type, resource_name: name } = change.resource;
      planned.push({ address, type, name, action: change.action });
    });
    return planned;
  }

  /** Applies, telling `progress` of each resource; rejects with terraform's own diagnostics. `replace` as in `plan`. */
  apply(
    dir: string,
    progress: (sentence: string) => void,
    replace: readonly string[] = [],
  ): Promise<Changes> {
    return this.#change('apply', dir, replace.map(replaceFlag), progress);
  }

  destroy(dir: string, progress: (sentence: string) => void): Promise<Changes> {
    return this.#change('destroy', dir, ['-destroy'], progress);
  }

  async #change(
    what: string,
    dir: string,
    flags: readonly string[],
    progress: (sentence: string) => void,
  ): Promise<Changes> {
    let changes: Changes = { added: 0, changed: 0, removed: 0 };
    const args = ['apply', '-auto-approve', '-input=false', LOCK_TIMEOUT, '-json', ...flags];
    await this.#run(what, dir, args, (line) => {
      const sentence = describe(line);
      if (sentence !== undefined) progress(sentence);
      if (line.type === 'change_summary' && line.changes !== undefined) {
        changes = { added: line.changes.add, changed: line.changes.change, removed: line.changes.remove };
      }
    });
    return changes;
  }

  /** Runs a command that speaks JSON lines and hands each to `take`; rejects with the diagnostics when it fails. */
  async #run(what: string, dir: string, args: string[], take: (line: Line) => void): Promise<void> {
    const subprocess = this.#start(dir, args, 'pipe');
    const diagnostics: string[] = [];
    const { stdout } = subprocess;
    if (stdout === null) throw new Error('terraform has no stdout');
    for await (const text of createInterface({ input: stdout })) {
      const line = parseLine(text);
      take(line);
      if (line.type === 'diagnostic' && line.diagnostic?.severity === 'error') {
        diagnostics.push(formatDiagnostic(line.diagnostic));
      }
    }
    const result = await subprocess;
    if (result.exitCode === 0) return;
    if (this.#signal?.aborted === true) {
      throw new NotSoError(`interrupted during terraform ${what}; what it had done stands`, {
        where: dir,
        remedy: AFTER_INTERRUPT,
      });
    }
    throw failure(what, dir, diagnostics.length > 0 ? diagnostics.join('\n') : String(result.stderr));
  }

  #start(dir: string, args: string[], output: 'all' | 'pipe'): ResultPromise<{ reject: false; all: true }> {
    const subprocess = execa(this.#program.path, args, {
      cwd: dir,
      env: { ...this.#program.env, ...withoutTls(dir) },
      all: true,
      buffer: output === 'all' ? true : { stdout: false, all: false },
      reject: false,
      stdin: 'ignore',
      // Ctrl-C reaches the whole foreground group; terraform gets its one SIGINT from us instead (two = abort at once).
      detached: true,
      cleanup: true,
    });
    letStandBack(subprocess);
    const interrupt = (): void => {
      subprocess.kill('SIGINT');
    };
    this.#signal?.addEventListener('abort', interrupt, { once: true });
    void subprocess.finally(() => this.#signal?.removeEventListener('abort', interrupt));
    return subprocess as unknown as ResultPromise<{ reject: false; all: true }>;
  }
}

/**
 * Of an engine behind ssh nothing of TLS that the shell says of others is true, and kreuzwerker/docker would speak it to
 * `ssh://`, too.
 */
function withoutTls(dir: string): Record<string, undefined> {
  const [engine] = readEngines(dir);
  return engine?.startsWith('ssh://') === true
    ? { DOCKER_CERT_PATH: undefined, DOCKER_TLS_VERIFY: undefined }
    : {};
}

/** Which engines the configuration names; none where it means that of the environment. */
function readEngines(dir: string): string[] {
  try {
    const config = JSON.parse(readFileSync(join(dir, 'cdk.tf.json'), 'utf8')) as {
      provider: { docker: ReadonlyArray<{ host?: string }> };
    };
    return config.provider.docker.flatMap(({ host }) => host ?? []);
  } catch {
    return [];
  }
}

/** Whether the provider that the configuration asks for is installed where terraform will look for it. */
function isInitialised(dir: string): boolean {
  try {
    const config = JSON.parse(readFileSync(join(dir, 'cdk.tf.json'), 'utf8')) as {
      terraform: {
        required_providers: { docker: { source: string; version: string } };
        backend: { local: { path: string } };
      };
    };
    const { source, version } = config.terraform.required_providers.docker;
    const lock = readFileSync(join(dir, '.terraform.lock.hcl'), 'utf8');
    const backend = JSON.parse(readFileSync(join(dir, '.terraform/terraform.tfstate'), 'utf8')) as {
      backend: { config: { path: string } };
    };
    return (
      lock.includes(`/${source.split('/').slice(-2).join('/')}"`) &&
      lock.includes(`"${version}"`) &&
      backend.backend.config.path === config.terraform.backend.local.path &&
      installedProvider(dir, source, version)
    );
  } catch {
    return false;
  }
}

function installedProvider(dir: string, source: string, version: string): boolean {
  const base = join(dir, '.terraform/providers');
  const platform = `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const parts = source.split('/');
  // Without a host in the source terraform's default registry is meant, whatever its folder is called.
  const hosts = parts.length === 3 ? [parts[0]] : readdirSync(base);
  return hosts.some((host) => existsSync(join(base, host, ...parts.slice(-2), version, platform)));
}

function parseLine(text: string): Line {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return {};
  }
}

const DOING: Readonly<Record<string, string>> = {
  create: 'creating',
  update: 'changing',
  delete: 'removing',
  read: 'reading',
};

const ACTIONS = ['create', 'update', 'replace', 'delete'] as const;

const isAction = (action: string): action is PlannedChange['action'] =>
  (ACTIONS as readonly string[]).includes(action);

const replaceFlag = (address: string): string => `-replace=${address}`;

function describe(line: Line): string | undefined {
  const address = line.hook?.resource?.addr;
  if (address === undefined || line.type !== 'apply_start') return undefined;
  const doing = DOING[line.hook?.action ?? ''] ?? line.hook?.action;
  return `${doing} ${address}`;
}

function formatDiagnostic(diagnostic: NonNullable<Line['diagnostic']>): string {
  const where = diagnostic.address === undefined ? '' : ` (${diagnostic.address})`;
  return `${diagnostic.summary}${where}${diagnostic.detail ? `\n${diagnostic.detail}` : ''}`.trim();
}

function failure(step: string, dir: string, said: string): NotSoError {
  return new NotSoError(`terraform ${step} failed:\n${said.trim().replace(/^/gm, '    ')}`, {
    where: dir,
    remedy: 'mend what it names and run the same command again: it goes on where this one stopped',
  });
}
