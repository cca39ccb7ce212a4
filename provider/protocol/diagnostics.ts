/** What terraform prints: errors and warnings with the attribute they are about. */

export type PathStep = string | number;

export interface Diagnostic {
  severity: 'error' | 'warning';
  /** One line: what is wrong, with the offending value. */
  summary: string;
  /** Where, why, and what to do. */
  detail?: string;
  /** The attribute, from the resource's top: ["ports", 0, "external"]. Terraform adds the source line. */
  path?: PathStep[];
}

/** An error an operator can act on. */
export class ProviderError extends Error {
  readonly detail: string | undefined;
  readonly path: PathStep[] | undefined;

  constructor(summary: string, options: { detail?: string; path?: PathStep[]; cause?: unknown } = {}) {
    super(summary, { cause: options.cause });
    this.name = 'ProviderError';
    this.detail = options.detail;
    this.path = options.path;
  }
}

/** Any thrown thing as a diagnostic. */
export function toDiagnostic(error: unknown): Diagnostic {
  if (error instanceof ProviderError) {
    return { severity: 'error', summary: error.message, detail: error.detail, path: error.path };
  }
  const text = error instanceof Error ? error.message : String(error);
  const detail = error instanceof Error ? error.stack : undefined;
  return { severity: 'error', summary: `The provider failed: ${text}`, detail };
}

const SEVERITY = { error: 1, warning: 2 } as const;

/** A diagnostic in the shape of the wire's `Diagnostic`. */
export function diagnosticToWire(diagnostic: Diagnostic): object {
  return {
    severity: SEVERITY[diagnostic.severity],
    summary: diagnostic.summary,
    detail: diagnostic.detail ?? '',
    attribute: diagnostic.path ? pathToWire(diagnostic.path) : undefined,
  };
}

/** An attribute path in the shape of the wire's `AttributePath`. */
export function pathToWire(path: PathStep[]): object {
  return {
    steps: path.map((step) => (typeof step === 'number' ? { elementKeyInt: step } : { attributeName: step })),
  };
}
