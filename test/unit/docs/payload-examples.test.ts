import { expect, test as it } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/index.ts';
import { fake, WorkflowTest } from '../../../shared/testing/index.ts';
import { defineWorkflow, each } from '../../../shared/workflow/index.ts';

it('payloads by claim check', async () => {
  // #region claim-check-contract
  const renderer = defineAgent({
    name: 'renderer',
    commands: {
      render: {
        input: z.object({ markdown: z.string() }),
        output: z.object({ html: z.string() }),
        claimCheckBytes: 20_000_000,
      },
    },
  });

  const press = defineAgent({
    name: 'press',
    calls: ['renderer'],
    workflows: {
      print: {
        input: z.object({ id: z.string(), chapters: z.array(z.string()) }),
        output: z.string(),
        key: 'id',
      },
    },
    limits: { claimCheckBytes: 20_000_000 },
  });
  // #endregion

  const print = defineWorkflow({
    name: 'print',
    version: 1,
    input: z.object({ id: z.string(), chapters: z.array(z.string()) }),
    output: z.string(),
    // #region claim-check-run
    async run(wf, { chapters }) {
      const { outputs } = await wf.gather(
        each(
          renderer.render,
          chapters.map((markdown) => ({ markdown })),
        ),
      );
      return outputs.map(({ html }) => html).join('\n');
    },
    // #endregion
  });

  const chapters = ['one', 'two', 'three'].map((title) => `# ${title}\n${'Lorem ipsum. '.repeat(100_000)}`);
  const test = new WorkflowTest({
    agent: press,
    workflows: [print],
    fakes: [fake(renderer.render, ({ markdown }) => ({ html: `<p>${markdown}</p>` }))],
  });
  await test.start(press.print, { id: 'book', chapters });
  expect(test.run.output).toBe(chapters.map((markdown) => `<p>${markdown}</p>`).join('\n'));
  // Nearly eight megabytes went through it.
  expect(test.run.history.length).toBeLessThan(2_500);
});
