/** A process in which the product has one bug: explores until it is found, or so many schedules were tried. Started by `hunt.ts`. */
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { mutate } from './mutation.ts';
import { mutations } from './mutations.ts';

const [name, most] = process.argv.slice(2);
const mutation = mutations.find((each) => each.name === name);
if (!mutation) throw new Error(`no mutation is called ${name}`);
const file = fileURLToPath(new URL(`../../../${mutation.file}`, import.meta.url));

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.startsWith('file:') || fileURLToPath(url) !== file || !loaded.source) return loaded;
    return { ...loaded, source: mutate(Buffer.from(loaded.source as Uint8Array).toString(), mutation) };
  },
});

// Only now: what is imported from here on has the bug.
const { explore } = await import('../command/explore.ts');
const { workloads } = await import('../workloads/index.ts');
const among = workloads.filter(({ name }) => name === (mutation.workload ?? name));
const { schedules, failure } = await explore({
  workloads: among,
  seed: 1,
  goOn: (tried) => tried < Number(most),
});
process.stdout.write(JSON.stringify({ schedules, violation: failure?.simulation.violations[0] }));
