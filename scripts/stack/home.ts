import { chmodSync, existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFolder } from '../make-folder.ts';

/** Where this program's own files lie: the checkout, or `lib` of an installed package. */
export const CHECKOUT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** True for an installed package, which is compiled. Nothing is written into it: it may be shared, and is replaced as a whole. */
export const INSTALLED = import.meta.url.endsWith('.js');

const STACK_FILE = 'stack.yaml';

/** Where a stack file is looked for: the environment, and whether this program is an installed package. */
export interface Surroundings {
  readonly installed?: boolean;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Absolute path of the stack file: the one given, else TWEMSTACK_FILE, else stack.yaml of the checkout. Of an installed package,
 * instead of the last, stack.yaml of the working directory or the nearest folder above it that has one.
 */
export function stackFilePath(
  file: string | undefined,
  { installed = INSTALLED, cwd = process.cwd(), env = process.env }: Surroundings = {},
): string {
  const given = file ?? env.TWEMSTACK_FILE;
  if (given !== undefined) return resolve(cwd, given);
  if (!installed) return join(CHECKOUT, STACK_FILE);
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(join(folder, STACK_FILE))) return join(folder, STACK_FILE);
    if (dirname(folder) === folder) return join(cwd, STACK_FILE);
  }
}

/** Folder of the stack file, which paths in it are relative to. Absolute. */
export const stackFolder = (file: string | undefined): string => dirname(stackFilePath(file));

/**
 * Folder below which everything generated lives: TWEMSTACK_HOME, else the checkout. Of an installed package, instead of the
 * checkout, the folder of the stack file.
 */
export function homeFolder(file?: string, surroundings: Surroundings = {}): string {
  const { installed = INSTALLED, env = process.env } = surroundings;
  return env.TWEMSTACK_HOME ?? (installed ? dirname(stackFilePath(file, surroundings)) : CHECKOUT);
}

/**
 * Where everything generated lives: `.twemstack/` and `cdktf.out/` below `homeFolder()`.
 * Paths that reach terraform are relative to a stack's folder, so a moved folder changes nothing in the plan.
 */
export class Home {
  readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  get private(): string {
    return join(this.root, '.twemstack');
  }

  get mirror(): string {
    return join(this.private, 'mirror');
  }

  get outdir(): string {
    return join(this.root, 'cdktf.out');
  }

  /** Folder of one stack's private files: credentials, seeds, state. */
  stack(name: string): string {
    return join(this.private, 'stacks', name);
  }

  /** Whether a stack of this name was deployed from here. */
  knows(stack: string): boolean {
    return existsSync(this.stack(stack));
  }

  /** Terraform's working folder of one CDKTF stack. */
  terraformDir(cdktfStack: string): string {
    return join(this.outdir, 'stacks', cdktfStack);
  }

  /** A path below the home as terraform sees it from a stack's folder. */
  fromTerraform(path: string): string {
    return relative(this.terraformDir('any'), path);
  }

  /** Creates a folder that only its owner may enter. */
  privateDir(path: string): string {
    makeFolder(path, 0o700);
    chmodSync(path, 0o700);
    return path;
  }
}
