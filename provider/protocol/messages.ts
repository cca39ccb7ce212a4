/**
 * The messages of terraform's plugin protocol 5 and of the plugin handshake, as far as this provider reads or writes them.
 *
 * Field numbers and types are the wire protocol; fields that are not listed are skipped when read and never written.
 * A message is `name: { field: [number, type] }`; "repeated x" and "map x" (keys are strings) are the two collections.
 */
import protobuf from 'protobufjs/light.js';

type Fields = Readonly<Record<string, readonly [number, string]>>;

const MESSAGES: Readonly<Record<string, Fields>> = {
  Empty: {},
  DynamicValue: { msgpack: [1, 'bytes'], json: [2, 'bytes'] },
  Diagnostic: {
    severity: [1, 'int32'],
    summary: [2, 'string'],
    detail: [3, 'string'],
    attribute: [4, 'AttributePath'],
  },
  AttributePath: { steps: [1, 'repeated Step'] },
  Step: { attributeName: [1, 'string'], elementKeyString: [2, 'string'], elementKeyInt: [3, 'int64'] },
  RawState: { json: [1, 'bytes'] },
  Schema: { version: [1, 'int64'], block: [2, 'Block'] },
  Block: {
    version: [1, 'int64'],
    attributes: [2, 'repeated Attribute'],
    blockTypes: [3, 'repeated NestedBlock'],
  },
  Attribute: {
    name: [1, 'string'],
    type: [2, 'bytes'],
    required: [4, 'bool'],
    optional: [5, 'bool'],
    computed: [6, 'bool'],
    sensitive: [7, 'bool'],
  },
  NestedBlock: {
    typeName: [1, 'string'],
    block: [2, 'Block'],
    nesting: [3, 'int32'],
    minItems: [4, 'int64'],
    maxItems: [5, 'int64'],
  },
  ServerCapabilities: { planDestroy: [1, 'bool'], getProviderSchemaOptional: [2, 'bool'] },

  SchemaResponse: {
    provider: [1, 'Schema'],
    resourceSchemas: [2, 'map Schema'],
    diagnostics: [4, 'repeated Diagnostic'],
    serverCapabilities: [6, 'ServerCapabilities'],
  },
  PrepareRequest: { config: [1, 'DynamicValue'] },
  PrepareResponse: { preparedConfig: [1, 'DynamicValue'], diagnostics: [2, 'repeated Diagnostic'] },
  ConfigureRequest: { terraformVersion: [1, 'string'], config: [2, 'DynamicValue'] },
  DiagnosticsResponse: { diagnostics: [1, 'repeated Diagnostic'] },
  ValidateRequest: { typeName: [1, 'string'], config: [2, 'DynamicValue'] },
  UpgradeRequest: { typeName: [1, 'string'], version: [2, 'int64'], rawState: [3, 'RawState'] },
  UpgradeResponse: { upgradedState: [1, 'DynamicValue'], diagnostics: [2, 'repeated Diagnostic'] },
  ReadRequest: { typeName: [1, 'string'], currentState: [2, 'DynamicValue'], private: [3, 'bytes'] },
  ReadResponse: {
    newState: [1, 'DynamicValue'],
    diagnostics: [2, 'repeated Diagnostic'],
    private: [3, 'bytes'],
  },
  PlanRequest: {
    typeName: [1, 'string'],
    priorState: [2, 'DynamicValue'],
    proposedNewState: [3, 'DynamicValue'],
    config: [4, 'DynamicValue'],
    priorPrivate: [5, 'bytes'],
  },
  PlanResponse: {
    plannedState: [1, 'DynamicValue'],
    requiresReplace: [2, 'repeated AttributePath'],
    plannedPrivate: [3, 'bytes'],
    diagnostics: [4, 'repeated Diagnostic'],
  },
  ApplyRequest: {
    typeName: [1, 'string'],
    priorState: [2, 'DynamicValue'],
    plannedState: [3, 'DynamicValue'],
    config: [4, 'DynamicValue'],
    plannedPrivate: [5, 'bytes'],
  },
  ApplyResponse: {
    newState: [1, 'DynamicValue'],
    private: [2, 'bytes'],
    diagnostics: [3, 'repeated Diagnostic'],
  },
  ImportRequest: { typeName: [1, 'string'], id: [2, 'string'] },
  ImportedResource: { typeName: [1, 'string'], state: [2, 'DynamicValue'], private: [3, 'bytes'] },
  ImportResponse: {
    importedResources: [1, 'repeated ImportedResource'],
    diagnostics: [2, 'repeated Diagnostic'],
  },
  StopResponse: { error: [1, 'string'] },
};

function toDescriptor(fields: Fields): protobuf.IType {
  const descriptor: Record<string, object> = {};
  for (const [name, [id, spec]] of Object.entries(fields)) {
    const [kind, type] = spec.includes(' ') ? spec.split(' ') : ['', spec];
    if (kind === 'map') {
      descriptor[name] = { id, keyType: 'string', type };
    } else {
      descriptor[name] = kind === 'repeated' ? { id, rule: 'repeated', type } : { id, type };
    }
  }
  return { fields: descriptor as protobuf.IType['fields'] };
}

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(Object.entries(MESSAGES).map(([name, fields]) => [name, toDescriptor(fields)])),
});

/** Returns the function that writes plain objects as the named message. */
export function encoder(name: string): (message: object) => Buffer {
  const type = root.lookupType(name);
  return (message) => Buffer.from(type.encode(message).finish());
}

/** Returns the function that reads the named message into a plain object; int64 becomes a number, bytes a Buffer. */
export function decoder(name: string): (wire: Buffer) => Record<string, unknown> {
  const type = root.lookupType(name);
  return (wire) => type.toObject(type.decode(wire), { longs: Number, arrays: true, objects: true });
}
