import type { StepEntry } from '../entry.ts';
import type { Step } from '../step.ts';
import { CallStep } from './call-step.ts';
import { CancelStep } from './cancel-step.ts';
import { ChildStep } from './child-step.ts';
import { GatherStep } from './gather-step.ts';
import { MapReduceStep } from './map-reduce-step.ts';
import { PatchedStep } from './patched-step.ts';
import { PublishStep } from './publish-step.ts';
import { SetAttributesStep } from './set-attributes-step.ts';
import { SetStatusStep } from './set-status-step.ts';
import { SideEffectStep } from './side-effect-step.ts';
import { SignalRunStep } from './signal-run-step.ts';
import { SignalStep } from './signal-step.ts';
import { SleepStep } from './sleep-step.ts';
import { UndoStep } from './undo-step.ts';
import { UpdateRunStep } from './update-run-step.ts';
import { AnswerStep, UpdateStep } from './update-step.ts';

/** The state machine of a step. Undefined for an operation that this code does not know. */
export function stepOf(entry: StepEntry, at: number): Step | undefined {
  switch (entry.op) {
    case 'call':
      return new CallStep(entry, at);
    case 'child':
      return new ChildStep(entry, at);
    case 'undo':
      return new UndoStep(entry, at);
    case 'sleep':
      return new SleepStep(entry, at);
    case 'signal':
      return new SignalStep(entry, at);
    case 'sideEffect':
      return new SideEffectStep(entry, at);
    case 'publish':
      return new PublishStep(entry, at);
    case 'gather':
      return new GatherStep(entry, at);
    case 'mapReduce':
      return new MapReduceStep(entry, at);
    case 'setAttributes':
      return new SetAttributesStep(entry, at);
    case 'setStatus':
      return new SetStatusStep(entry, at);
    case 'signalRun':
      return new SignalRunStep(entry, at);
    case 'update':
      return new UpdateStep(entry, at);
    case 'answer':
      return new AnswerStep(entry, at);
    case 'updateRun':
      return new UpdateRunStep(entry, at);
    case 'cancel':
      return new CancelStep(entry, at);
    case 'patched':
      return new PatchedStep(entry, at);
    default:
      return undefined;
  }
}
