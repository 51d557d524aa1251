import { expect, test as it } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/index.ts';
import type { HandlersOf } from '../../../shared/index.ts';
import { AgentTest } from '../../../shared/testing/index.ts';

// #region contract
const clinic = defineAgent({
  name: 'clinic',
  encryption: { tenant: 'patient' },
  commands: {
    note: { input: z.object({ patient: z.string(), text: z.string() }) },
  },
  state: { schema: z.object({ notes: z.array(z.string()) }) },
});
// #endregion
const handlers = {
  note: {
    keys: ({ patient }) => [patient],
    handle: ({ patient, text }, ctx) => {
      ctx.state.set(patient, { notes: [...(ctx.state.get(patient)?.notes ?? []), text] });
    },
  },
} satisfies HandlersOf<typeof clinic>;

it('a tenant that is erased', async () => {
  // #region kit
  const test = new AgentTest({ agent: clinic, handlers });
  await test.send(clinic.note, { patient: 'ada', text: 'measles' });
  expect(await test.state.get('ada')).toEqual({ notes: ['measles'] });
  await test.eraseTenant('ada');
  expect(await test.fail(clinic.note, { patient: 'ada', text: 'mumps' })).toMatchObject({
    code: 'PayloadErased',
  });
  // #endregion
});
