/** A folder in which terraform runs, and what it says there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { ProviderUnderTest } from './provider-under-test.ts';

/** resource type → name → arguments, as in terraform's JSON syntax. */
export type Resources = Record<string, Record<string, Record<string, unknown>>>;

export interface Said {
  severity: 'error' | 'warning';
  summary: string;
  detail: string;
}

export interface Ran {
  exitCode: number;
  errors: Said[];
  warnings: Said[];
  /** Everything the errors say, in one line, for matching. */
  text: string;
}

export interface Planned extends Ran {
  /** address → "create", "update", "replace", "delete"; unchanged ones are left out. */
  actions: Record<string, string>;
}

interface ShownResource {
  address: string;
  values: Record<string, unknown>;
  tainted?: boolean;
}

export class Workspace {
  readonly folder: string;
  readonly #provider: ProviderUnderTest;
  readonly #env: Record<string, string>;
  #initialised = false;

  /** @param folder of another workspace, to go on with its state; @param env more variables for terraform and its provider */
  constructor(
    provider: ProviderUnderTest,
    dockerHost: string,
    folder = mkdtempSync(join(tmpdir(), 'tw-provider-')),
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#provider = provider;
    this.folder = folder;
    const rc = join(this.folder, 'terraform.rc');
    writeFileSync(
      rc,
      `provider_installation {\n  filesystem_mirror {\n    path = "${provider.mirror}"\n  }\n}\n`,
    );
    this.#env = {
      TF_CLI_CONFIG_FILE: rc,
      CHECKPOINT_DISABLE: '1',
      TF_IN_AUTOMATION: '1',
      TF_INPUT: '0',
      DOCKER_HOST: dockerHost,
      ...env,
    };
  }

  /** Sets the configuration; `host` overrides the engine's address in the provider block. */
  async write(resources: Resources, host?: string): Promise<void> {
    const required = { docker: { source: this.#provider.source, version: this.#provider.version } };
    const provider = { docker: host === undefined ? {} : { host } };
    const config = { terraform: { required_providers: required }, provider, resource: resources };
    writeFileSync(join(this.folder, 'main.tf.json'), JSON.stringify(config, undefined, 1));
    if (this.#initialised) {
      return;
    }
    const init = await this.#terraform(['init', '-no-color', '-backend=false']);
    if (init.exitCode !== 0) {
      throw new Error(`terraform init failed: ${init.stdout}${init.stderr}`);
    }
    this.#initialised = true;
  }

  /** Writes a file beside the configuration, in folders that are made as needed. */
  file(name: string, content: string): void {
    mkdirSync(join(this.folder, name, '..'), { recursive: true });
    writeFileSync(join(this.folder, name), content);
  }

  async plan(): Promise<Planned> {
    const ran = heard(await this.#terraform(['plan', '-json', '-out=plan.out']));
    if (ran.exitCode !== 0) {
      return { ...ran, actions: {} };
    }
    const shown = await this.#terraform(['show', '-json', 'plan.out']);
    const { resource_changes: changes = [] } = JSON.parse(shown.stdout) as {
      resource_changes?: { address: string; change: { actions: string[] } }[];
    };
    const acting = changes.filter(({ change }) => change.actions[0] !== 'no-op');
    const word = (actions: string[]): string => (actions.length === 2 ? 'replace' : actions[0]);
    return {
      ...ran,
      actions: Object.fromEntries(acting.map((one) => [one.address, word(one.change.actions)])),
    };
  }

  async apply(): Promise<Ran> {
    return heard(await this.#terraform(['apply', '-json', '-auto-approve']));
  }

  async destroy(): Promise<Ran> {
    return heard(await this.#terraform(['destroy', '-json', '-auto-approve']));
  }

  async validate(): Promise<Ran> {
    const { exitCode, stdout } = await this.#terraform(['validate', '-json']);
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: Said[] };
    return summarise(exitCode, diagnostics);
  }

  /** Hands the state to another provider; the lock of the old one goes with it. */
  async replaceProvider(next: ProviderUnderTest): Promise<void> {
    const moved = await this.#terraform([
      'state',
      'replace-provider',
      '-auto-approve',
      this.#provider.source,
      next.source,
    ]);
    if (moved.exitCode !== 0) {
      throw new Error(`terraform state replace-provider failed: ${moved.stdout}${moved.stderr}`);
    }
    rmSync(join(this.folder, '.terraform.lock.hcl'), { force: true });
  }

  /** Takes a resource out of the state, leaving the object alone. */
  async forget(address: string): Promise<void> {
    await this.#terraform(['state', 'rm', address]);
  }

  /** Starts an apply in a process group of its own, as a shell does. */
  startApply(): { child: ChildProcess; ended: Promise<Ran> } {
    const child = spawn('terraform', ['apply', '-json', '-auto-approve'], {
      cwd: this.folder,
      env: { ...process.env, ...this.#env },
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    const ended = new Promise<Ran>((resolve) => {
      child.once('close', (code) => resolve(heard({ exitCode: code ?? -1, stdout })));
    });
    return { child, ended };
  }

  /** A resource as the state has it, or undefined. */
  async state(address: string): Promise<ShownResource | undefined> {
    const { stdout } = await this.#terraform(['show', '-json']);
    const { values } = JSON.parse(stdout) as { values?: { root_module: { resources?: ShownResource[] } } };
    return values?.root_module.resources?.find((resource) => resource.address === address);
  }

  /** The values of a resource in the state. @throws when it is not there */
  async values(address: string): Promise<Record<string, unknown>> {
    const resource = await this.state(address);
    if (resource === undefined) {
      throw new Error(`${address} is not in the state`);
    }
    return resource.values;
  }

  /** Destroys what is left and removes the folder. */
  async close(): Promise<void> {
    if (this.#knowsSomething()) {
      await this.destroy();
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #knowsSomething(): boolean {
    try {
      const state = JSON.parse(readFileSync(join(this.folder, 'terraform.tfstate'), 'utf8')) as {
        resources: unknown[];
      };
      return state.resources.length > 0;
    } catch {
      return false;
    }
  }

  async #terraform(args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    const result = await execa('terraform', args, {
      cwd: this.folder,
      env: this.#env,
      reject: false,
      stdin: 'ignore',
    });
    return { exitCode: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr };
  }
}

/** Collects the diagnostics out of terraform's line-by-line JSON. */
function heard({ exitCode, stdout }: { exitCode: number; stdout: string }): Ran {
  const lines = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { diagnostic?: Said });
  return summarise(
    exitCode,
    lines.flatMap(({ diagnostic }) => diagnostic ?? []),
  );
}

function summarise(exitCode: number, diagnostics: Said[]): Ran {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const text = errors.map(({ summary, detail }) => `${summary} ${detail ?? ''}`).join(' ');
  return {
    exitCode,
    errors,
    warnings: diagnostics.filter(({ severity }) => severity === 'warning'),
    text: text.replaceAll(/\s+/g, ' '),
  };
}
