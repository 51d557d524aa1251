/**
 * The benchmarks (`npm run bench`): every program directly in bench/, one after the other so that they do not measure
 * each other. Names choose some: `npm run bench -- cold-start`.
 */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { runPart } from './gate/part.ts';

const wanted = process.argv.slice(2);
const programs = readdirSync(new URL('../bench/', import.meta.url))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'))
  .sort();

const unknown = wanted.filter((name) => !programs.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`No benchmark is called ${unknown.join(', ')}. There are: ${programs.join(', ')}.\n`);
  process.exitCode = 2;
} else {
  for (const name of wanted.length > 0 ? wanted : programs) {
    const { passed } = await runPart({ title: name, program: `bench/${name}.ts`, args: [] });
    if (!passed) process.exitCode = 1;
  }
}
