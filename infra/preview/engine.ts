import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import engineService from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import engineMessages from '@pulumi/pulumi/proto/engine_pb.js';
import resourceService from '@pulumi/pulumi/proto/resource_grpc_pb.js';
import resourceMessages from '@pulumi/pulumi/proto/resource_pb.js';
import type { Json } from '../../shared/contract/json.ts';
import { answerOf, type Cloud, invokeAnswer } from './cloud-answers.ts';
import type { GraphResource } from './graph.ts';
import { plain, type Registration, resourceOf, structLike } from './registration.ts';

/**
 * Pulumi's engine, as far as a program sees it: it takes what the program registers, makes none of it, and answers with what the cloud
 * would. The program runs behind the SDK's real entry, so what is recorded is what the real engine would be told.
 */
export interface Engine {
  readonly address: string;
  readonly resources: readonly GraphResource[];
  readonly outputs: Readonly<Record<string, Json>>;
  /** What the program logged as errors. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly stack: string;
  /** The name of the program's project, in `Pulumi.yaml`. */
  readonly project: string;
  /** The folder that files are told from. */
  readonly root: string;
  readonly cloud: Cloud;
  /** As for a stack of which nothing is there yet: what the cloud computes is unknown. */
  readonly fresh?: boolean;
}

type FeatureRequest = InstanceType<typeof resourceMessages.SupportsFeatureRequest>;
type OutputsRequest = InstanceType<typeof resourceMessages.RegisterResourceOutputsRequest>;
type InvokeRequest = InstanceType<typeof resourceMessages.ResourceInvokeRequest>;
type LogRequest = InstanceType<typeof engineMessages.LogRequest>;
type Call<Request> = ServerUnaryCall<Request, unknown>;
type Reply = sendUnaryData<unknown>;

const STACK = 'pulumi:pulumi:Stack';
const ALREADY_EXISTS = 6;
const UNIMPLEMENTED = 12;
/** An empty message of the kind that several methods answer with. */
const { responseDeserialize: readEmpty } = resourceService.ResourceMonitorService.registerResourceOutputs;
const empty = () => readEmpty(Buffer.alloc(0));

/** Listens on the loopback interface, at any free port. */
export async function startEngine({
  stack,
  project,
  root,
  cloud,
  fresh = false,
}: EngineOptions): Promise<Engine> {
  const resources = new Map<string, GraphResource>();
  const errors: string[] = [];
  const qualifiedTypes = new Map<string, string>();
  let outputs: Readonly<Record<string, Json>> = {};
  let stackUrn = '';

  const urnOf = (request: Registration): string => {
    const above = qualifiedTypes.get(request.getParent());
    const type = above === undefined ? request.getType() : `${above}$${request.getType()}`;
    const urn = `urn:pulumi:${stack}::${project}::${type}::${request.getName()}`;
    // The stack itself is no part of its children's types.
    if (request.getType() === STACK) stackUrn = urn;
    else qualifiedTypes.set(urn, type);
    return urn;
  };

  const server = new Server();
  server.addService(resourceService.ResourceMonitorService, {
    supportsFeature: ({ request }: Call<FeatureRequest>, reply: Reply) =>
      reply(
        null,
        new resourceMessages.SupportsFeatureResponse().setHassupport(request.getId() === 'secrets'),
      ),
    registerResource: ({ request }: Call<Registration>, reply: Reply) => {
      const urn = urnOf(request);
      if (resources.has(urn))
        return reply({ code: ALREADY_EXISTS, details: `two resources are called ${urn}` });
      const resource = resourceOf(request, urn, root);
      if (urn !== stackUrn) resources.set(urn, resource);
      const response = new resourceMessages.RegisterResourceResponse().setUrn(urn);
      const inputs = request.getObject();
      if (inputs && request.getCustom() && !fresh) {
        const answer = answerOf(resource, cloud);
        response
          .setId(answer.id)
          .setObject(structLike(inputs, { ...inputs.toJavaScript(), ...answer.outputs }));
      } else response.setObject(inputs);
      return reply(null, response);
    },
    registerResourceOutputs: ({ request }: Call<OutputsRequest>, reply: Reply) => {
      if (request.getUrn() === stackUrn)
        outputs = plain(request.getOutputs()?.toJavaScript() ?? {}, root).value as Record<string, Json>;
      reply(null, empty());
    },
    invoke: ({ request }: Call<InvokeRequest>, reply: Reply) => {
      const args = request.getArgs();
      const answer = invokeAnswer(request.getTok(), args?.toJavaScript() ?? {}, cloud);
      if (!args || !answer)
        return reply({ code: UNIMPLEMENTED, details: `nothing here answers ${request.getTok()}` });
      return reply(null, new resourceMessages.ResourceInvokeResponse().setReturn(structLike(args, answer)));
    },
    signalAndWaitForShutdown: (_call: Call<unknown>, reply: Reply) => reply(null, empty()),
  });
  server.addService(engineService.EngineService, {
    log: ({ request }: Call<LogRequest>, reply: Reply) => {
      if (request.getSeverity() === engineMessages.LogSeverity.ERROR) errors.push(request.getMessage());
      reply(null, empty());
    },
    setRootResource: (_call: Call<unknown>, reply: Reply) =>
      reply(null, new engineMessages.SetRootResourceResponse()),
    getRootResource: (_call: Call<unknown>, reply: Reply) =>
      reply(null, new engineMessages.GetRootResourceResponse().setUrn(stackUrn)),
    requirePulumiVersion: (_call: Call<unknown>, reply: Reply) => reply(null, empty()),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    get resources() {
      return [...resources.values()];
    },
    get outputs() {
      return outputs;
    },
    errors,
    close: async () => server.forceShutdown(),
  };
}
