import { UPDATE } from '../../contract/message.ts';
import type { CallCommand } from '../command.ts';
import { CallStep } from './call-step.ts';

/** An update of another run: a call whose message is for a run, and whose answer comes from its code. */
export class UpdateRunStep extends CallStep {
  protected override dispatch(): CallCommand {
    return { ...super.dispatch(), type: UPDATE };
  }
}
