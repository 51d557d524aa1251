import { relative } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { slimVendors } from './vendor/plugin.ts';

/** The code of an agent in one file, and what it was made from. */
export interface Bundle {
  /** A script whose value is the module as a function, as Node wraps one. ASCII. */
  readonly code: string;
  readonly inputs: Metafile['inputs'];
  /** Bytes of each input in the code, by its path from the root. */
  readonly bytesOf: Readonly<Record<string, number>>;
}

export interface BundleSource {
  /** The checkout: where `node_modules` is. */
  readonly root: string;
  /** The agents' folder. */
  readonly agents: string;
  readonly agent: string;
}

const FRAMEWORK = './node_modules/@google-cloud/functions-framework/build/src';

/** The agent's function, and the framework's own program to serve it. Both in one file, they share one registry of functions. */
function entryOf({ root, agents, agent }: BundleSource): string {
  const index = `./${relative(root, agents).replaceAll('\\', '/')}/${agent}/index.ts`;
  return `require(${JSON.stringify(index)});
exports.agent = ${JSON.stringify(agent)};
exports.handler = require('${FRAMEWORK}/function_registry.js').getRegisteredFunction(exports.agent)?.userFunction;
exports.serve = () => {
  process.env.FUNCTION_TARGET ??= exports.agent;
  require('${FRAMEWORK}/main.js');
};`;
}

/**
 * Bundles an agent.
 *
 * @throws BuildFailure of esbuild's: a module is missing, or a package is not as its patch expects
 */
export async function bundleAgent(source: BundleSource): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: entryOf(source), resolveDir: source.root, sourcefile: 'entry.cjs', loader: 'js' },
    absWorkingDir: source.root,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    // Names stay as they are: full minification starts slower, and breaks libraries that read the names of functions.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    charset: 'ascii',
    // import() becomes require(): all is in the file, and stays unevaluated until it is asked for.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': 'undefined', 'process.env.NODE_ENV': '"production"' },
    banner: { js: '(function(require,module,exports,__filename,__dirname){' },
    footer: { js: '})' },
    logLevel: 'silent',
    plugins: [slimVendors(source.root)],
  });
  const [output] = Object.values(metafile.outputs);
  return {
    code: outputFiles[0]?.text ?? '',
    inputs: metafile.inputs,
    bytesOf: Object.fromEntries(
      Object.entries(output?.inputs ?? {}).map(([path, { bytesInOutput }]) => [path, bytesInOutput]),
    ),
  };
}
