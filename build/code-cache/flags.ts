import { spawnSync } from 'node:child_process';

/**
 * Flags of V8 for the process that makes a cache, so that the same code gives the same bytes:
 * - no function that ran is thrown away again, or replaced by optimised code (which leaves marks in what it was made from);
 * - the order of hash tables is that of a fixed seed;
 * - no memory is used twice, or unwiped: V8 writes out the padding between objects as it is.
 */
export const RECORDING_FLAGS: readonly string[] = [
  '--no-flush-bytecode',
  '--no-opt',
  '--no-sparkplug',
  '--no-maglev',
  '--hash-seed=1',
  '--initial-heap-size=1024',
  '--min-semi-space-size=64',
  '--clear-free-memory',
];

/** Where the header of a cache holds a hash of V8's flags (V8's `SerializedCodeData`: magic number, version, source, flags, …). */
const FLAGS_AT = 12;
const FLAGS_END = 16;
const SOURCE_AT = 8;

/**
 * The cache as if made without flags, or V8 would refuse it where there are none. The flags of above change nothing in what is cached,
 * but for which functions are, and in what order.
 */
export function withPlainFlags(cache: Buffer, plain: Buffer): Buffer {
  const changed = Buffer.from(cache);
  plain.copy(changed, FLAGS_AT, FLAGS_AT, FLAGS_END);
  return changed;
}

/** A cache of next to nothing, made by this Node without flags. */
export function plainCache(): Buffer {
  const { NODE_OPTIONS: _options, ...env } = process.env;
  const script = `process.stdout.write(new (require('node:vm').Script)('0').createCachedData())`;
  const { stdout, status, stderr } = spawnSync(process.execPath, ['-e', script], { env });
  if (status !== 0) throw new Error(`Node did not start: ${stderr}`);
  // Whoever changes the format of the cache changes this too.
  if (stdout.readUInt32LE(SOURCE_AT) !== 1)
    throw new Error(
      'the header of a code cache is not as build/code-cache/flags.ts expects: adapt it to this V8',
    );
  return stdout;
}
