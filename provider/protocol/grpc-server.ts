/** Puts a ProviderService, and the services every plugin has, on a gRPC server. */
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { toDiagnostic } from './diagnostics.ts';
import { log } from './log.ts';
import { decoder, encoder } from './messages.ts';
import type { ProviderService, Request } from './provider-service.ts';

type Call<Engine> = (service: ProviderService<Engine>, request: Request) => object | Promise<object>;

/** method: [request message, response message, what it does] */
function providerMethods<Engine>(): Record<string, [string, string, Call<Engine>]> {
  return {
    GetSchema: ['Empty', 'SchemaResponse', (service) => service.schema()],
    PrepareProviderConfig: [
      'PrepareRequest',
      'PrepareResponse',
      (service, request) => service.prepare(request),
    ],
    Configure: ['ConfigureRequest', 'DiagnosticsResponse', (service, request) => service.configure(request)],
    ValidateResourceTypeConfig: [
      'ValidateRequest',
      'DiagnosticsResponse',
      (service, request) => service.validate(request),
    ],
    UpgradeResourceState: [
      'UpgradeRequest',
      'UpgradeResponse',
      (service, request) => service.upgrade(request),
    ],
    ReadResource: ['ReadRequest', 'ReadResponse', (service, request) => service.read(request)],
    PlanResourceChange: ['PlanRequest', 'PlanResponse', (service, request) => service.plan(request)],
    ApplyResourceChange: ['ApplyRequest', 'ApplyResponse', (service, request) => service.apply(request)],
    ImportResourceState: ['ImportRequest', 'ImportResponse', (service, request) => service.import(request)],
    Stop: ['Empty', 'StopResponse', (service) => service.stop()],
  };
}

/** Makes the server. `onShutdown` runs after terraform's request to end was answered. */
export function makeServer<Engine>(service: ProviderService<Engine>, onShutdown: () => void): Server {
  // Uploads and states are larger than grpc-js' default limit of 4 MB.
  const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [name, [request, response, call]] of Object.entries(providerMethods<Engine>())) {
    definition[name] = method(`/tfplugin5.Provider/${name}`, request, response);
    implementation[name] = unary(name, (message) => call(service, message));
  }
  server.addService(definition, implementation);
  addPluginServices(server, onShutdown);
  return server;
}

/** Shutdown must be answered before the process ends; the two streams are only kept open. */
function addPluginServices(server: Server, onShutdown: () => void): void {
  const keepOpen: handleServerStreamingCall<object, object> = (call) => {
    call.on('error', () => call.end());
  };
  server.addService(
    {
      Shutdown: method('/plugin.GRPCController/Shutdown', 'Empty', 'Empty'),
      StreamStdio: method('/plugin.GRPCStdio/StreamStdio', 'Empty', 'Empty', { responseStream: true }),
      StartStream: method('/plugin.GRPCBroker/StartStream', 'Empty', 'Empty', {
        requestStream: true,
        responseStream: true,
      }),
    },
    {
      Shutdown: ((_call, callback) => {
        callback(null, {});
        setImmediate(onShutdown);
      }) as handleUnaryCall<object, object>,
      StreamStdio: keepOpen,
      StartStream: keepOpen,
    },
  );
}

function unary(
  name: string,
  run: (request: Request) => object | Promise<object>,
): handleUnaryCall<Request, object> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => run(call.request))
      .then(
        (response) => callback(null, response),
        (error: unknown) => {
          const { summary, detail } = toDiagnostic(error);
          log('error', `${name} failed`, { summary, detail: detail ?? '' });
          callback({ code: status.INTERNAL, details: summary });
        },
      );
  };
}

function method(
  path: string,
  request: string,
  response: string,
  streams: { requestStream?: boolean; responseStream?: boolean } = {},
): ServiceDefinition[string] {
  return {
    path,
    requestStream: streams.requestStream ?? false,
    responseStream: streams.responseStream ?? false,
    requestSerialize: encoder(request),
    requestDeserialize: decoder(request),
    responseSerialize: encoder(response),
    responseDeserialize: decoder(response),
  };
}
