/** Checks a configuration against what this provider can do, before anything is planned. */
import type { Diagnostic, PathStep } from './diagnostics.ts';
import type { Block } from './schema.ts';
import { isEmpty, isObject, isUnknown, type ObjectValue } from './values.ts';

/** All refused options that are set and all values that break their attribute's rule, each with its path. */
export function validateBlock(block: Block, config: ObjectValue, path: PathStep[] = []): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const [name, attribute] of Object.entries(block.attributes)) {
    const value = config[name] ?? null;
    if (attribute.refused !== undefined) {
      if (!isEmpty(value)) {
        found.push(refusal([...path, name], attribute.refused));
      }
      continue;
    }
    const wrong = value === null || isUnknown(value) ? undefined : attribute.check?.(value);
    if (wrong) {
      found.push({
        severity: 'error',
        summary: `Invalid value for ${dotted([...path, name])}: ${JSON.stringify(value)}`,
        detail: `It ${wrong}.`,
        path: [...path, name],
      });
    }
  }
  for (const [name, nested] of Object.entries(block.blocks)) {
    const value = config[name] ?? null;
    if (nested.refused !== undefined && !isEmpty(value)) {
      found.push(refusal([...path, name], nested.refused));
      continue;
    }
    const items = isObject(value) ? [value] : Array.isArray(value) ? value : [];
    items.forEach((item, index) => {
      if (isObject(item)) {
        // Items of a set have no index; terraform can only point at the set as a whole.
        const inner = nested.nesting === 'list' ? [...path, name, index] : [...path, name];
        found.push(
          ...validateBlock(nested.block, item, inner).map((one) => atKnownPlace(one, nested.nesting, inner)),
        );
      }
    });
  }
  return found;
}

function refusal(path: PathStep[], reason: string): Diagnostic {
  return {
    severity: 'error',
    summary: `${dotted(path)} is not supported by the offline Docker provider`,
    detail: `${reason} The bundled provider covers a subset of kreuzwerker/docker and refuses the rest instead of ignoring it.`,
    path,
  };
}

/** A path into a set cannot be expressed, so the diagnostic keeps its text but points at the set. */
function atKnownPlace(diagnostic: Diagnostic, nesting: string, place: PathStep[]): Diagnostic {
  return nesting === 'set' ? { ...diagnostic, path: place } : diagnostic;
}

function dotted(path: PathStep[]): string {
  return path.join('.');
}
