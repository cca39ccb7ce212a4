/** What a resource type has to provide so that the generic service can plan and apply it. */
import type { Diagnostic } from './diagnostics.ts';
import type { Plan } from './planner.ts';
import type { Schema } from './schema.ts';
import type { ObjectValue } from './values.ts';

/** What every operation gets: the configured engine and the wish to stop. */
export interface Operation<Engine> {
  engine: Engine;
  /** Aborted when terraform was interrupted; long waits must end then. */
  signal: AbortSignal;
  /** Adds a warning to the answer. */
  warn(diagnostic: Omit<Diagnostic, 'severity'>): void;
}

export interface ResourceType<Engine> {
  readonly schema: Schema;
  /** Rules across attributes. Unknown values must be let through. */
  validate?(config: ObjectValue): Diagnostic[];
  /** Corrects the generic plan by rules of Docker. `prior` is null for a new object. */
  adjustPlan?(plan: Plan, prior: ObjectValue | null, config: ObjectValue): void;
  /** Makes the object. Throws HalfMade when something exists that terraform has to know of. */
  create(operation: Operation<Engine>, planned: ObjectValue): Promise<ObjectValue>;
  /** The state as it is now, or null when the object is gone. */
  read(operation: Operation<Engine>, state: ObjectValue): Promise<ObjectValue | null>;
  update(operation: Operation<Engine>, prior: ObjectValue, planned: ObjectValue): Promise<ObjectValue>;
  delete(operation: Operation<Engine>, prior: ObjectValue): Promise<void>;
}

/** Creation failed after the object came into being: terraform keeps it as tainted and replaces it next time. */
export class HalfMade extends Error {
  readonly state: ObjectValue;

  constructor(state: ObjectValue, cause: unknown) {
    super('the object was created but is not usable', { cause });
    this.name = 'HalfMade';
    this.state = state;
  }
}
