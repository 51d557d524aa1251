import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const BLOCK = 512;

/**
 * The files of a folder as a `.tar.gz`, which is what Cloud Run deploys without a build. The same files give the same bytes: times and
 * owners are left out.
 */
export function tarGz(folder: string): Buffer {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const blocks = files.flatMap((file) => {
    const content = readFileSync(file);
    const name = file.slice(folder.length + 1).replaceAll('\\', '/');
    return [header(name, content.length), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
  });
  // Two empty blocks are its end.
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]));
}

/** https://www.gnu.org/software/tar/manual/html_node/Standard.html */
function header(name: string, size: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new RangeError(`the name of ${name} is too long for an archive`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  block.write(name, 0);
  block.write(octal(0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write('ustar\0', 257);
  block.write('00', 263);
  block.write('0', 156);
  // The sum is that of a header whose sum is spaces.
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** The archive of a bundle, in a file that is called by the bundle's hash and made once. */
export function archiveOf({ path, sha256 }: { readonly path: string; readonly sha256: string }): string {
  const folder = join(tmpdir(), 'agent-mesh-archives');
  const file = join(folder, `${sha256}.tar.gz`);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  // Never half a file under its name, whoever else makes it at the same time.
  const made = `${file}.${process.pid}`;
  writeFileSync(made, tarGz(path));
  renameSync(made, file);
  return file;
}
