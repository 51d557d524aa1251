/** `npm run build`: the bundles of the agents, which infrastructure deploys. */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { processIo } from '../cli/io.ts';
import { exitCodeOf } from '../cli/output/exit-code.ts';
import { showError } from '../cli/output/failure.ts';
import { paletteFor } from '../cli/output/palette.ts';
import { Progress } from '../cli/output/progress.ts';
import { table } from '../cli/output/table.ts';
import { CHECKOUT } from '../cli/place.ts';
import { MeshError } from '../shared/contract/errors.ts';
import { type Built, buildBundles, bundlesOf } from './build.ts';

const HELP = `Usage: npm run build -- [options] [agent...]

Bundles the agents, all or those named, into dist/agents/<agent>/, and describes them in dist/manifest.json.

Options:
  --out <directory>     where to (default: dist in the checkout)
  --agents <directory>  the agents' folder (default: this checkout's)
  --if-needed           leave alone what is as a build would make it
  --json                print the manifest as JSON on stdout
  -h, --help            show this

Exit codes: 0 done, 1 failed, 2 usage or configuration, 6 not found.
`;

const io = processIo;
const progress = new Progress(io);
const asJson = process.argv.includes('--json');
try {
  process.exitCode = await main();
} catch (error) {
  progress.done();
  showError(io, error, asJson);
  process.exitCode = exitCodeOf(error);
}

async function main(): Promise<number> {
  const { values, positionals } = read();
  if (values.help) {
    io.stdout.write(HELP);
    return 0;
  }
  const started = performance.now();
  const agents = values.agents === undefined ? join(CHECKOUT, 'agents') : resolve(values.agents);
  const result = await buildBundles({
    root: CHECKOUT,
    agents,
    out: values.out === undefined ? bundlesOf(CHECKOUT, agents) : resolve(values.out),
    ifNeeded: values['if-needed'] ?? false,
    ...(positionals.length > 0 && { only: positionals }),
    onProgress: (text) => progress.update(text),
  });
  progress.done();
  if (values.json) io.stdout.write(`${JSON.stringify(result.manifest, null, 2)}\n`);
  else io.stdout.write(`${textOf(result)}\n`);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  io.stderr.write(
    result.built.length === 0
      ? 'all bundles are as a build would make them\n'
      : `${result.built.length} ${result.built.length === 1 ? 'bundle' : 'bundles'} built in ${seconds} s\n`,
  );
  return 0;
}

function read() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        out: { type: 'string' },
        agents: { type: 'string' },
        'if-needed': { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new MeshError('UsageInvalid', (error as Error).message, { hint: 'See: npm run build -- --help' });
  }
}

function textOf({ manifest }: Built): string {
  const kilobytes = (bytes: number) => `${Math.round(bytes / 1_024)} KB`;
  return table(
    Object.entries(manifest.agents),
    [
      { title: 'agent', value: ([name]) => name },
      { title: 'bundle', align: 'right', value: ([, { bytes }]) => kilobytes(bytes) },
      { title: 'code', align: 'right', value: ([, { codeBytes }]) => kilobytes(codeBytes) },
      { title: 'code cache', align: 'right', value: ([, { cache }]) => kilobytes(cache.bytes) },
      { title: 'sha256', value: ([, { sha256 }]) => sha256.slice(0, 16) },
    ],
    paletteFor(io.stdout, io.env),
  );
}
