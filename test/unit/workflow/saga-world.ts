import * as z from 'zod';
import {
  defineWorkflow,
  type WorkflowContext,
  type WorkflowDefinition,
} from '../../../shared/workflow/index.ts';
import { host, SagaInput } from './agents.ts';
import { type Behaviour, done, World } from './world.ts';

type Run = (wf: WorkflowContext, input: { orderId: string }) => Promise<unknown>;

export const saga = (run: Run, version = 1): WorkflowDefinition =>
  defineWorkflow({ name: 'saga', version, input: SagaInput, output: z.json(), run: run as never });

const does: Behaviour = ({ id }: { id: string }) => done({ ref: `ref-${id}` });
const undoes: Behaviour = () => done();

const USUAL: Record<string, Behaviour> = {
  'worker.a': does,
  'worker.b': does,
  'worker.c': does,
  'worker.undoA': undoes,
  'worker.undoB': undoes,
  'worker.undoC': undoes,
};

/** A world in which no run has been asked for yet. */
export function idleWorld(run: Run, behaviours: Record<string, Behaviour> = {}): World {
  return new World(host.contract, [saga(run)], { ...USUAL, ...behaviours });
}

/** A world in which one run of `run` has been asked for, with the key `o1`. */
export function sagaWorld(run: Run, behaviours: Record<string, Behaviour> = {}): World {
  const mesh = idleWorld(run, behaviours);
  mesh.start('saga', { orderId: 'o1' }, { replyTo: 'asker', runId: 'r0', stepId: '7.1' });
  return mesh;
}
