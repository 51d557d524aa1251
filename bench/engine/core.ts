import type { Contract } from '../../shared/contract/agent.ts';
import { silentLog } from '../../shared/contract/log.ts';
import { advance, type Entry, type RunEvent, type WorkflowDefinition } from '../../shared/workflow/index.ts';
import { flow } from './agents/flow/contract.ts';
import { workflows } from './agents/flow/workflow.ts';

/** One run of the pure core, in memory: no store, no messages, nothing but what the engine itself does with an event. */
export interface CoreRun {
  readonly events: number;
  readonly cpuMs: number;
}

const AT = 1_767_225_600_000;

/** `chain`: each reply begins the next step. `fan`: all steps begin at once. */
export async function coreRun(name: 'chain' | 'fan', count: number): Promise<CoreRun> {
  const definition = workflows.find((workflow) => workflow.name === name) as WorkflowDefinition;
  const contract: Contract = flow.contract;
  const code = { definition, contract, facts: { runId: 'run', key: 'key' }, log: silentLog };
  const history: readonly Entry[] = [];
  const cpu = process.cpuUsage();
  const first: RunEvent = { e: 'started', at: AT, input: { count }, seed: 'seed' };
  let { live, commands } = await advance({ code, history, events: [first] });
  let events = 1;
  for (let n = 1; n <= count; n++, events++) {
    const step = String(n);
    const reply = { ok: true, output: { n } } as const;
    const event: RunEvent = { e: 'replied', at: AT + n, step, attempt: 1, reply };
    ({ live, commands } = await advance({ code, history, events: [event], live }));
  }
  if (commands.at(-1)?.do !== 'end') throw new Error(`the run of ${count} steps did not end`);
  const { user, system } = process.cpuUsage(cpu);
  return { events, cpuMs: (user + system) / 1_000 };
}
