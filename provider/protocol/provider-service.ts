/** The provider side of terraform's plugin protocol: every call terraform makes, for any set of resource types. */
import { conform } from './conform.ts';
import { type Diagnostic, diagnosticToWire, ProviderError, pathToWire, toDiagnostic } from './diagnostics.ts';
import { log } from './log.ts';
import { planChange } from './planner.ts';
import { HalfMade, type Operation, type ResourceType } from './resource-type.ts';
import { type Block, type Schema, schemaToWire } from './schema.ts';
import { validateBlock } from './validate.ts';
import {
  type DynamicValue,
  decodeValue,
  encodeValue,
  isObject,
  type ObjectValue,
  withoutUnknown,
} from './values.ts';

export interface Provider<Engine> {
  readonly schema: Schema;
  readonly resources: Readonly<Record<string, ResourceType<Engine>>>;
  /** Makes the engine from the provider block. Throws ProviderError when it cannot be used. */
  configure(config: ObjectValue): Promise<Engine>;
}

/** A request as decoded from the wire; only the fields of its message are set. */
export interface Request {
  typeName: string;
  config: DynamicValue;
  currentState: DynamicValue;
  priorState: DynamicValue;
  plannedState: DynamicValue;
  rawState: { json: Uint8Array };
  private: Uint8Array;
  priorPrivate: Uint8Array;
  plannedPrivate: Uint8Array;
  id: string;
}

export class ProviderService<Engine> {
  readonly #provider: Provider<Engine>;
  readonly #stop = new AbortController();
  #engine: Engine | undefined;

  constructor(provider: Provider<Engine>) {
    this.#provider = provider;
  }

  schema(): object {
    return {
      provider: schemaToWire(this.#provider.schema, false),
      resourceSchemas: Object.fromEntries(
        Object.entries(this.#provider.resources).map(([name, type]) => [
          name,
          schemaToWire(type.schema, true),
        ]),
      ),
      serverCapabilities: { planDestroy: false, getProviderSchemaOptional: true },
    };
  }

  prepare(request: Request): object {
    const config = objectOf(request.config, this.#provider.schema.block);
    return {
      preparedConfig: request.config,
      diagnostics: validateBlock(this.#provider.schema.block, config ?? {}).map(diagnosticToWire),
    };
  }

  async configure(request: Request): Promise<object> {
    return this.#answer(async () => {
      this.#engine = await this.#provider.configure(
        objectOf(request.config, this.#provider.schema.block) ?? {},
      );
      return {};
    });
  }

  validate(request: Request): object {
    const type = this.#type(request);
    const config = objectOf(request.config, type.schema.block) ?? {};
    const found = [...validateBlock(type.schema.block, config), ...(type.validate?.(config) ?? [])];
    return { diagnostics: found.map(diagnosticToWire) };
  }

  /** Reads stored state. State of any version is shaped to the current schema; unknown attributes are dropped. */
  upgrade(request: Request): object {
    const state: unknown = JSON.parse(Buffer.from(request.rawState.json).toString('utf8'));
    const block = this.#type(request).schema.block;
    return { upgradedState: encodeValue(conform(state as ObjectValue, block)) };
  }

  async read(request: Request): Promise<object> {
    const type = this.#type(request);
    return this.#answer(
      async (operation) => {
        const state = objectOf(request.currentState, type.schema.block);
        const now = state && (await type.read(operation, state));
        return { newState: encodeValue(now && conform(now, type.schema.block)), private: request.private };
      },
      () => ({ newState: request.currentState, private: request.private }),
    );
  }

  plan(request: Request): object {
    const type = this.#type(request);
    const block = type.schema.block;
    const prior = objectOf(request.priorState, block);
    const config = objectOf(request.config, block);
    if (config === null) {
      return { plannedState: encodeValue(null), plannedPrivate: request.priorPrivate };
    }
    const plan = planChange(block, prior, config);
    type.adjustPlan?.(plan, prior, config);
    return {
      plannedState: encodeValue(plan.planned),
      requiresReplace: plan.replace.map((name) => pathToWire([name])),
      plannedPrivate: request.priorPrivate,
    };
  }

  async apply(request: Request): Promise<object> {
    const type = this.#type(request);
    const block = type.schema.block;
    const prior = objectOf(request.priorState, block);
    const planned = objectOf(request.plannedState, block);
    return this.#answer(
      async (operation) => {
        log('info', 'apply', { type: request.typeName, change: changeWord(prior, planned) });
        let state: ObjectValue | null = null;
        if (planned === null) {
          await type.delete(operation, prior as ObjectValue);
        } else if (prior === null) {
          state = await type.create(operation, planned);
        } else {
          state = await type.update(operation, prior, planned);
        }
        return { newState: encodeValue(state && conform(state, block)), private: request.plannedPrivate };
      },
      (error) => {
        const left = error instanceof HalfMade ? (withoutUnknown(error.state) as ObjectValue) : prior;
        return { newState: encodeValue(left && conform(left, block)), private: request.plannedPrivate };
      },
    );
  }

  import(request: Request): object {
    const refusal = new ProviderError(`terraform import is not supported for ${request.typeName}`, {
      detail:
        'The offline Docker provider manages only what it created. Remove the object and let terraform make it.',
    });
    return { diagnostics: [diagnosticToWire(toDiagnostic(refusal))] };
  }

  stop(): object {
    this.#stop.abort();
    return { error: '' };
  }

  #type(request: Request): ResourceType<Engine> {
    return this.#provider.resources[request.typeName];
  }

  /** Runs one operation and turns what it throws into diagnostics beside the answer `onError` gives. */
  async #answer(
    run: (operation: Operation<Engine>) => Promise<object>,
    onError: (error: unknown) => object = () => ({}),
  ): Promise<object> {
    const diagnostics: Diagnostic[] = [];
    const operation: Operation<Engine> = {
      engine: this.#engine as Engine,
      signal: this.#stop.signal,
      warn: (diagnostic) => diagnostics.push({ severity: 'warning', ...diagnostic }),
    };
    let answer: object;
    try {
      answer = await run(operation);
    } catch (error) {
      answer = onError(error);
      diagnostics.push(toDiagnostic(error instanceof HalfMade ? error.cause : error));
    }
    return { ...answer, diagnostics: diagnostics.map(diagnosticToWire) };
  }
}

function changeWord(prior: ObjectValue | null, planned: ObjectValue | null): string {
  return planned === null ? 'delete' : prior === null ? 'create' : 'update';
}

function objectOf(wire: DynamicValue, block: Block): ObjectValue | null {
  const value = decodeValue(wire);
  return isObject(value) ? conform(value, block) : null;
}
