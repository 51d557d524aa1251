import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout that this program is of: where the agents are. */
export const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));

/** The nearest project upward from `from` (it has a `package.json`), else the checkout. A local mesh keeps its files there. */
export function projectDirectory(from: string): string {
  return upward(from).find((folder) => existsSync(join(folder, 'package.json'))) ?? CHECKOUT;
}

/** `from` and every folder above it. */
export function upward(from: string): string[] {
  const above = dirname(from);
  return above === from ? [from] : [from, ...upward(above)];
}
