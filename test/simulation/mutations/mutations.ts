import type { Mutation } from './mutation.ts';

const KERNEL = 'shared/kernel/kernel.ts';

/** The bugs that the simulation must find: each breaks one thing on which an invariant rests. */
export const mutations: readonly Mutation[] = [
  {
    name: 'messages are published before the commit (I6)',
    file: KERNEL,
    find: 'const path = inboxPath(contract.name, key);',
    replace: 'const path = inboxPath(contract.name, key);\n    await publishOutbox(outbox, ports);',
  },
  {
    name: 'what refers to a payload is committed before the payload is written (I6)',
    file: KERNEL,
    find: 'if (decision.blobs) await blobs.write(decision.blobs);',
    replace:
      'if (decision.blobs) void store.read([path]).then(() => blobs.write(decision.blobs ?? [])).catch(() => {});',
    workload: 'payloads',
  },
  {
    name: 'a payload is told of before all of it is there (I6)',
    file: 'shared/kernel/blobs.ts',
    find: 'for (const batch of batches(heads)) await this.#store.commit(batch);',
    replace: 'for (const batch of batches(heads)) void this.#store.commit(batch).catch(() => {});',
    workload: 'payloads',
  },
  {
    name: 'a drainer commits what refers to a payload, and never writes it (I6)',
    file: 'shared/kernel/drainer.ts',
    find: 'await blobs.write(payloads);',
    replace: '',
    workload: 'payloads',
  },
  {
    name: 'what was handled is not looked for (I2)',
    file: KERNEL,
    find: 'const known = record && decodeInbox(record);',
    replace: 'const known = undefined;',
  },
  {
    name: 'the inbox record is written whether it is there or not (I2)',
    file: KERNEL,
    find: "{ kind: 'create', path, fields }\n",
    replace: "{ kind: 'put', path, fields }\n",
  },
  {
    name: 'the state is not committed with the inbox record (I1)',
    file: KERNEL,
    find: /\.\.\.(keepMarks\()?decision\.writes(, documents\))?,/,
    replace: '',
  },
  {
    name: 'the outbox of a message handled before is not published again (I3)',
    file: KERNEL,
    find: /await publishOutbox\([^;]*known\.outbox[^;]*;/,
    replace: '',
  },
  {
    name: 'nobody waits until the outbox is published (I3)',
    file: 'shared/kernel/outbox.ts',
    find: 'await Promise.all(pending);',
    replace: 'for (const each of pending) each.catch(() => {});',
  },
  {
    name: 'timers are not armed (I3)',
    file: 'shared/kernel/outbox.ts',
    find: /pending\.push\(ports\.timers\.schedule\([^;]*\)\);/,
    replace: '',
  },
  {
    name: 'a message that failed is acked (I3)',
    file: 'shared/function/answer.ts',
    find: "if (outcome.kind !== 'nack') return",
    replace: 'return',
  },
  {
    name: 'a message is given up on without a dead letter (I4)',
    file: KERNEL,
    find: /await bus\.publish\(deadTopicOf[^;]*;/,
    replace: '',
  },
  {
    name: 'a message is put off without a timer (I3)',
    file: KERNEL,
    find: /await timers\.schedule\([^;]*;/,
    replace: '',
  },
  {
    name: 'a message is put off until a time that is past',
    file: KERNEL,
    find: 'wanted.getTime() > published ? wanted :',
    replace: 'true ? wanted :',
    workload: 'entities',
  },
  {
    name: 'a message that came early is handled (timers beyond the horizon)',
    file: 'shared/kernel/admission.ts',
    find: 'Date.parse(envelope.notBefore) > now',
    replace: 'false',
  },
  {
    name: 'a live lease is ignored (I2)',
    file: KERNEL,
    find: 'known.leaseUntil.getTime() > clock.now()',
    replace: 'false',
  },
  {
    name: 'effects are not claimed (I2)',
    file: KERNEL,
    find: "if (route.mode === 'effect' &&",
    replace: 'if (false &&',
  },
  {
    name: 'the claim of another is taken for its own (I2)',
    file: KERNEL,
    find: 'known?.owner === owner',
    replace: 'known?.owner',
  },
  {
    name: 'state is written over whatever came between (I1)',
    file: 'shared/kernel/state.ts',
    find: "{ kind: 'put', path, fields, ifVersion: before.version }",
    replace: "{ kind: 'put', path, fields }",
  },
  {
    name: 'a run is written over whatever came between (I6)',
    file: 'shared/workflow/host.ts',
    find: /kind: 'put', path, fields, ifVersion/,
    replace: "kind: 'put', path, fields",
  },
  {
    name: 'compensations are not registered (I8)',
    file: 'shared/workflow/operations/call.ts',
    find: '...(compensate && {\n              undo: {',
    replace: '...(false && {\n              undo: {',
  },
  {
    name: 'a step of unknown outcome is not undone (I8)',
    file: 'shared/workflow/unwind.ts',
    find: "step.effect === 'none'",
    replace: "step.effect !== 'known'",
  },
  {
    name: 'compensations run in the order of step start (I8)',
    file: 'shared/workflow/unwind.ts',
    find: '[...ledger.steps.values()].reverse()',
    replace: '[...ledger.steps.values()]',
  },
  {
    name: 'a compensation is tried once (I8)',
    file: 'shared/workflow/operations/undo-step.ts',
    find: 'maxAttempts: 10',
    replace: 'maxAttempts: 1',
  },
  {
    name: 'what succeeds after its timeout is forgotten (I10)',
    file: 'shared/workflow/operations/call-step.ts',
    find: 'if (!overdue ||',
    replace: 'if (overdue ||',
    workload: 'gather',
  },
  {
    name: 'a run goes on with the newest version (I7)',
    file: 'shared/workflow/host.ts',
    find: /definitions\.find\(([^,]*), [^)]*\)/,
    replace: 'definitions.newest($1)',
  },
  {
    name: 'a blocked run forgets what came (I7)',
    file: 'shared/workflow/host.ts',
    find: "status: 'blocked',\n    failure,\n    kept,",
    replace: "status: 'blocked',\n    failure,\n    kept: [],",
  },
  {
    name: 'a blocked run is never looked at again (I7)',
    file: 'shared/workflow/host.ts',
    find: /sends: armed \? \[\] : \[recheckSend\([^\]]*\]/,
    replace: 'sends: []',
  },
];
