import * as z from 'zod';
import { runProgram } from '../../../infra/program.ts';
import { defineAgent } from '../../../shared/contract/index.ts';

/** A folder more under `agents`, whose payloads are encrypted. */
const another = defineAgent({
  name: 'another',
  encryption: { tenant: 'patient' },
  commands: { note: { input: z.object({ patient: z.string(), text: z.string() }) } },
  publishes: { noted: z.object({ text: z.string() }) },
  calls: ['notifications'],
});

export const { functions } = await runProgram([another.contract]);
