import { expect, test } from 'vitest';
import * as z from 'zod';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { runPath } from '../../../shared/contract/names.ts';
import { defineWorkflow, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { host, SagaInput, worker } from './agents.ts';
import { saga, sagaWorld } from './saga-world.ts';
import { done, World } from './world.ts';

const RUN = runIdOf('saga', 'o1');
const Status = z.object({ phase: z.enum(['packing', 'sent']), boxes: z.number().optional() });

type Phases = z.input<typeof Status>;

function statusWorld(run: (wf: WorkflowContext<Phases>) => Promise<unknown>): World {
  const workflow = defineWorkflow({
    name: 'saga',
    version: 1,
    input: SagaInput,
    output: z.json(),
    status: Status,
    run: run as never,
  });
  const mesh = new World(host.contract, [workflow], { 'worker.a': () => done({ ref: 'r' }) });
  mesh.start('saga', { orderId: 'o1' });
  return mesh;
}

test('what a workflow says of itself is a field of its document, and the last word stands', async () => {
  const mesh = statusWorld(async (wf) => {
    wf.setStatus({ phase: 'packing', boxes: 3 });
    await wf.sleep('1h');
    wf.setStatus({ phase: 'sent' });
    return 'fine';
  });
  await mesh.deliver();
  expect(mesh.documents.get(runPath(RUN))?.fields.customStatus).toEqual({ phase: 'packing', boxes: 3 });
  expect(mesh.run('saga', 'o1').customStatus).toEqual({ phase: 'packing', boxes: 3 });
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', customStatus: { phase: 'sent' } });
});

test('a status that does not fit its schema fails the workflow, naming the field', async () => {
  const mesh = statusWorld(async (wf) => wf.setStatus({ phase: 'lost' as 'sent' }));
  await mesh.settle();
  expect(mesh.run('saga', 'o1').failure).toMatchObject({ code: 'SchemaMismatch', field: 'phase' });
});

test('a workflow that defines no status can say none', async () => {
  const mesh = sagaWorld(async (wf) => wf.setStatus('busy'));
  await mesh.settle();
  expect(mesh.run('saga', 'o1').failure).toMatchObject({ code: 'ContractInvalid', field: 'status' });
});

test.each([
  ['a list in a list', [[1]], 'SchemaMismatch'],
  ['a reserved name', { __id__: 1 }, 'SchemaMismatch'],
  ['more than 4 KB', 'x'.repeat(5_000), 'PayloadTooLarge'],
])('a status may not be %s', async (_, value, code) => {
  const workflow = defineWorkflow({
    name: 'saga',
    version: 1,
    input: SagaInput,
    status: z.json(),
    run: async (wf) => wf.setStatus(value as z.core.util.JSONType),
  });
  const mesh = new World(host.contract, [workflow], {});
  mesh.start('saga', { orderId: 'o1' });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').failure?.code).toBe(code);
});

test('a run waits until a date, and not at all for one that is past', async () => {
  const mesh = sagaWorld(async (wf) => {
    await wf.until(new Date('2025-01-01T00:00:00Z'));
    await wf.until(new Date('2026-03-01T09:00:00Z'));
    return wf.now().toISOString();
  });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toBe('2026-03-01T09:00:00.000Z');
});

test('a date that is none is refused', async () => {
  const mesh = sagaWorld((wf) => wf.until(new Date('soon')));
  await mesh.settle();
  expect(mesh.run('saga', 'o1').failure).toMatchObject({ code: 'ArgumentInvalid', field: 'wf.until' });
});

const before = saga(async (wf) => {
  await wf.sleep('1h');
  await wf.call(worker.a, { id: 'old' });
  return 'old';
});
const patched = saga(async (wf) => {
  if (wf.patched('checks')) await wf.call(worker.b, { id: 'check' });
  await wf.sleep('1h');
  await wf.call(worker.a, { id: wf.patched('checks') ? 'new' : 'old' });
  return wf.patched('checks') ? 'new' : 'old';
});
const later = saga(async (wf) => {
  await wf.call(worker.b, { id: 'check' });
  await wf.sleep('1h');
  await wf.call(worker.a, { id: 'new' });
  return 'new';
});
const answers = { 'worker.a': () => done({ ref: 'a' }), 'worker.b': () => done({ ref: 'b' }) };

test('a run from before a patch keeps to its old way, and a new one takes the new', async () => {
  const mesh = new World(host.contract, [before], answers);
  mesh.start('saga', { orderId: 'old' });
  await mesh.deliver();
  mesh.deploy([patched]);
  mesh.start('saga', { orderId: 'new' });
  await mesh.settle();
  expect(mesh.run('saga', 'old')).toMatchObject({ status: 'completed', output: 'old' });
  expect(mesh.run('saga', 'new')).toMatchObject({ status: 'completed', output: 'new' });
  expect(mesh.commands).toEqual(['worker.b', 'worker.a', 'worker.a']);
});

test('a run that comes to a patch only after it was deployed takes the new way', async () => {
  const mesh = new World(host.contract, [before], answers);
  mesh.start('saga', { orderId: 'o1' });
  await mesh.deliver();
  mesh.deploy([
    saga(async (wf) => {
      await wf.sleep('1h');
      if (wf.patched('quick')) return 'quick';
      return 'slow';
    }),
  ]);
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toBe('quick');
});

test('once the question is dropped from the code, runs that answered it go on', async () => {
  const mesh = new World(host.contract, [patched], answers);
  mesh.start('saga', { orderId: 'o1' });
  await mesh.deliver();
  mesh.deploy([later]);
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'new' });
});

test('code that takes the other way at a patch is found out, and the run is parked', async () => {
  const mesh = new World(host.contract, [patched], answers);
  mesh.start('saga', { orderId: 'o1' });
  await mesh.deliver();
  mesh.deploy([before]);
  await mesh.settle(() => mesh.run('saga', 'o1').status === 'blocked');
  expect(mesh.run('saga', 'o1').failure).toMatchObject({ code: 'NonDeterministic' });
  mesh.deploy([patched]);
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('completed');
});
