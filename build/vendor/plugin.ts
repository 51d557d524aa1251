import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import { doors, services } from './doors.ts';
import { PatchMismatch } from './patch.ts';
import { patches } from './patches.ts';
import { pruneProtos } from './prune-protos.ts';

/** The file from its package on: what follows the last `node_modules/`. */
const inPackage = (path: string) => path.replaceAll('\\', '/').replace(/^.*\/node_modules\//, '');

/**
 * Bundles the client libraries slim: their indexes give way to `doors`, their descriptions are pruned to the `services` called, and
 * `patches` are applied. A file whose text is not the expected one is an error of the build.
 *
 * @param read gives the text of a file; from the disk by default
 */
export function slimVendors(
  root: string,
  read: (path: string) => Promise<string> = (path) => readFile(path, 'utf8'),
): Plugin {
  return {
    name: 'slim-vendors',
    setup(build) {
      const names = Object.keys(doors).join('|');
      build.onResolve({ filter: new RegExp(`^(${names})$`) }, ({ path }) => ({
        path,
        namespace: 'door',
        sideEffects: false,
      }));
      build.onLoad({ filter: /.*/, namespace: 'door' }, ({ path }) => ({
        contents: doors[path] ?? '',
        loader: 'js',
        resolveDir: root,
      }));
      build.onLoad({ filter: /[\\/]protos\.json$/ }, async ({ path }) => {
        const called = services[inPackage(path)];
        if (!called) return undefined;
        const whole = JSON.parse(await read(path)) as Parameters<typeof pruneProtos>[0];
        return told(path, () => ({ contents: JSON.stringify(pruneProtos(whole, called)), loader: 'json' }));
      });
      build.onLoad({ filter: /[\\/]node_modules[\\/].*\.c?js$/ }, async ({ path }) => {
        const own = patches.filter(({ file }) => file === inPackage(path));
        if (own.length === 0) return undefined;
        const text = await read(path);
        return told(path, () => ({
          contents: own.reduce((done, { apply }) => apply(done), text),
          loader: 'js',
        }));
      });
    },
  };
}

/** The result, or the reason why there is none as esbuild reports it. */
function told<R>(path: string, make: () => R): R | { errors: { text: string }[] } {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof PatchMismatch)) throw error;
    const text = `${inPackage(path)} is not as its patch in build/vendor expects: ${error.message}. Adapt the patch to the version of the package that is installed.`;
    return { errors: [{ text }] };
  }
}
