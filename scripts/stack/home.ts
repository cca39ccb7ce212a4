import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout this program runs from. */
export const CHECKOUT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * Where everything generated lives: `.twemstack/` and `cdktf.out/` below TWEMSTACK_HOME, by default the checkout.
 * Paths that reach terraform are relative to a stack's folder, so a moved checkout changes nothing in the plan.
 */
export class Home {
  readonly root: string;

  constructor(root: string = process.env.TWEMSTACK_HOME ?? CHECKOUT) {
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
    mkdirSync(this.private, { recursive: true, mode: 0o700 });
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
    return path;
  }
}
