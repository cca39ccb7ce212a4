import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from 'yaml';
import { ConfigError, type Position } from './pool.ts';

/** A scalar with its place in the file. */
export interface Text {
  value: string;
  position: Position;
}

export interface Directive {
  key: Text;
  /** Either a scalar or a list of scalars. */
  value: Text | Text[];
}

export interface RawPool {
  name: Text;
  directives: Directive[];
}

/**
 * Reads the YAML subset that the original accepts: one document, a mapping of pools to mappings of directives,
 * everything a string, lists only as directive values. Flow collections, anchors, aliases, tags, %-directives and
 * document markers are refused there, and so here.
 * @throws ConfigError with the position of the first thing that is not so
 */
export function readShape(text: string): RawPool[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { schema: 'failsafe', uniqueKeys: false, lineCounter: lines });
  const shape = new ShapeReader(lines);
  if (!Array.isArray(documents) || documents.length === 0)
    throw new ConfigError('the file is empty: no pools');
  if (documents.length > 1)
    throw new ConfigError('more than one YAML document', shape.at(documents[1].range[0]));
  const [document] = documents;
  const [error] = document.errors;
  if (error) throw new ConfigError(error.message.split('\n')[0], shape.at(error.pos[0]));
  refuseMarkers(text, shape);
  if (document.contents === null) throw new ConfigError('the file is empty: no pools');
  return shape.pools(document.contents);
}

/** `---`, `...` and `%` lines: the parser takes them, the original does not. */
function refuseMarkers(text: string, shape: ShapeReader): void {
  const marker = /^(?:---|\.\.\.)(?=\s|$)|^%/m.exec(text);
  if (marker)
    throw new ConfigError(`"${marker[0]}" is not accepted: one plain document only`, shape.at(marker.index));
}

class ShapeReader {
  constructor(private readonly lines: LineCounter) {}

  at(offset: number): Position {
    const { line, col } = this.lines.linePos(offset);
    return { line, column: col };
  }

  pools(root: unknown): RawPool[] {
    if (!isMap(root)) throw new ConfigError('expected a mapping of pool names', this.placeOf(root));
    this.refuseDecoration(root);
    return root.items.map((pair) => {
      const name = this.text(pair.key, 'pool name');
      if (!isMap(pair.value)) throw new ConfigError(`pool "${name.value}" has no directives`, name.position);
      this.refuseDecoration(pair.value);
      return { name, directives: this.directives(name, pair.value.items) };
    });
  }

  private directives(pool: Text, items: { key: unknown; value: unknown }[]): Directive[] {
    const directives = items.map((pair) => this.directive(pair.key, pair.value));
    if (!directives.some((directive) => Array.isArray(directive.value))) {
      throw new ConfigError(`pool "${pool.value}" has no list of servers`, pool.position);
    }
    return directives;
  }

  private directive(keyNode: unknown, valueNode: unknown): Directive {
    const key = this.text(keyNode, 'directive');
    if (!isSeq(valueNode))
      return { key, value: this.text(valueNode, `value of "${key.value}"`, key.position) };
    this.refuseDecoration(valueNode);
    return {
      key,
      value: valueNode.items.map((item) => this.text(item, `entry of "${key.value}"`, key.position)),
    };
  }

  private text(node: unknown, what: string, fallback: Position | null = null): Text {
    const position = this.placeOf(node) ?? fallback ?? { line: 1, column: 1 };
    if (isAlias(node)) throw new ConfigError(`${what}: aliases are not accepted`, position);
    if (isCollection(node))
      throw new ConfigError(`${what}: nested too deep, a plain value is expected`, position);
    if (!isScalar(node)) throw new ConfigError(`${what} is empty`, position);
    this.refuseDecoration(node);
    const value = String(node.value ?? '');
    if (value === '') throw new ConfigError(`${what} is empty`, position);
    return { value, position };
  }

  private refuseDecoration(node: Node): void {
    const decoration = node as { flow?: boolean; anchor?: string; tag?: string };
    const position = this.placeOf(node);
    if (decoration.flow) throw new ConfigError('flow collections ([…], {…}) are not accepted', position);
    if (decoration.anchor) throw new ConfigError(`anchor "&${decoration.anchor}" is not accepted`, position);
    if (decoration.tag) throw new ConfigError(`tag "${decoration.tag}" is not accepted`, position);
  }

  private placeOf(node: unknown): Position | null {
    const range = (node as { range?: [number, number, number] | null } | null)?.range;
    return range ? this.at(range[0]) : null;
  }
}
