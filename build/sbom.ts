import { Contrib, Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import type { BundledPackage } from './packages.ts';

export interface SbomOptions {
  readonly agent: string;
  /** The project's own version. */
  readonly version: string;
  /** SHA-256 of the bundle's code, in hexadecimal. */
  readonly sha256: string;
  readonly packages: readonly BundledPackage[];
}

/**
 * What a bundle is made of, as a CycloneDX 1.6 document. It has no time and no serial number, which CycloneDX leaves optional: the same
 * bundle has the same document.
 */
export function sbomOf({ agent, version, sha256, packages }: SbomOptions): string {
  const application = new Models.Component(Enums.ComponentType.Application, `agent-mesh-${agent}`, {
    version,
    bomRef: `agent-mesh-${agent}@${version}`,
    hashes: new Models.HashDictionary([[Enums.HashAlgorithm['SHA-256'], sha256]]),
  });
  application.licenses.add(new Models.SpdxLicense('Apache-2.0'));
  const components = new Map(packages.map((each) => [each.path, componentOf(each)]));
  for (const { path, uses } of packages) {
    const component = components.get(path);
    if (!component) continue;
    application.dependencies.add(component.bomRef);
    for (const used of uses) {
      const other = components.get(used);
      if (other) component.dependencies.add(other.bomRef);
    }
  }
  const bom = new Models.Bom({
    metadata: new Models.Metadata({ component: application }),
    components: new Models.ComponentRepository(components.values()),
  });
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function componentOf({ path, name, version, license, integrity }: BundledPackage): Models.Component {
  const [, scope, short = name] = /^(@[^/]+)\/(.+)$/.exec(name) ?? [];
  const purl = `pkg:npm/${scope === undefined ? '' : `${encodeURIComponent(scope)}/`}${short}@${version}`;
  const component = new Models.Component(Enums.ComponentType.Library, short, {
    version,
    purl,
    // Two copies of one version are two components.
    bomRef: `${purl}#${path}`,
    ...(scope !== undefined && { group: scope }),
    ...(integrity?.startsWith('sha512-') && {
      hashes: new Models.HashDictionary([
        [
          Enums.HashAlgorithm['SHA-512'],
          Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex'),
        ],
      ]),
    }),
  });
  if (license !== undefined) component.licenses.add(licenseOf(license));
  return component;
}

function licenseOf(text: string): Models.License {
  if (text.startsWith('(')) return new Models.LicenseExpression(text);
  const known = new Contrib.License.Factories.LicenseFactory(() => {
    throw new RangeError();
  });
  return known.makeFromString(text);
}
