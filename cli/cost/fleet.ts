import { type Graph, type GraphResource, ofType } from '../../infra/preview/graph.ts';
import type { Json } from '../../shared/contract/json.ts';
import type { Topology } from '../../shared/topology.ts';

/** What of a deployed mesh bears on its price. */
export interface Fleet {
  readonly functions: readonly FunctionSize[];
  readonly schedules: number;
  readonly secrets: number;
}

export interface FunctionSize {
  readonly agent: string;
  readonly cpu: number;
  readonly memoryMiB: number;
  /** Messages that one instance handles at a time. */
  readonly concurrency: number;
  readonly minInstances: number;
}

export type Size = Pick<FunctionSize, 'cpu' | 'memoryMiB' | 'minInstances'>;

/** The functions of a topology, all of one size. */
export function fleetOfTopology(topology: Topology, size: Size): Fleet {
  return {
    functions: topology.functions.map(({ agent, concurrency }) => ({ agent, concurrency, ...size })),
    schedules: topology.schedules.length,
    secrets: topology.secrets.length,
  };
}

/** The functions of a stack, each of the size that the stack gives it, in whichever mode they are deployed. */
export function fleetOfGraph(graph: Graph): Fleet {
  return {
    functions: [
      ...ofType(graph, 'cloudfunctionsv2.Function').map(functionSize),
      ...ofType(graph, 'cloudrunv2.Service').map(serviceSize),
    ],
    schedules: ofType(graph, 'cloudscheduler.Job').length,
    secrets: ofType(graph, 'secretmanager.Secret').length,
  };
}

function functionSize({ name, inputs }: GraphResource): FunctionSize {
  const at = (field: string) => pick(inputs, ['serviceConfig', field]);
  return {
    agent: name,
    cpu: Number(at('availableCpu')),
    memoryMiB: mebibytes(at('availableMemory')),
    concurrency: Number(at('maxInstanceRequestConcurrency')),
    minInstances: Number(at('minInstanceCount') ?? 0),
  };
}

function serviceSize({ name, inputs }: GraphResource): FunctionSize {
  const limit = (field: string) => pick(inputs, ['template', 'containers', 0, 'resources', 'limits', field]);
  return {
    agent: name,
    cpu: Number(limit('cpu')),
    memoryMiB: mebibytes(limit('memory')),
    concurrency: Number(pick(inputs, ['template', 'maxInstanceRequestConcurrency'])),
    minInstances: Number(pick(inputs, ['scaling', 'minInstanceCount']) ?? 0),
  };
}

/** `512Mi` or `1Gi`. */
function mebibytes(text: Json | undefined): number {
  const [, amount, unit] = /^(\d+)([MG])i$/.exec(String(text)) ?? [];
  return Number(amount) * (unit === 'G' ? 1_024 : 1);
}

const pick = (value: Json, path: readonly (string | number)[]): Json | undefined =>
  path.reduce<Json | undefined>(
    (within, step) => (within as Record<string | number, Json> | undefined)?.[step],
    value,
  );
