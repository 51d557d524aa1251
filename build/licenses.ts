import type { BundledPackage } from './packages.ts';

/** The licences of all code in a bundle, with their texts: what their holders ask to be passed on with it. */
export function licensesOf(own: string, packages: readonly BundledPackage[]): string {
  return [
    'This bundle holds code of Agent Mesh and of the packages below.',
    section('Agent Mesh', 'Apache-2.0', [own.trim()]),
    ...packages.map(({ name, version, license, texts }) =>
      section(`${name} ${version}`, license ?? 'no licence named', [...texts.values()]),
    ),
  ].join('\n\n');
}

const RULE = '='.repeat(100);

function section(title: string, license: string, texts: readonly string[]): string {
  const told = texts.length > 0 ? texts : ['Its package has no text of the licence.'];
  return [RULE, `${title} (${license})`, RULE, '', told.join('\n\n'), ''].join('\n');
}
