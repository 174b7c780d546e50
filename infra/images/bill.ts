/** The bill of materials of an image, as SPDX 2.3 JSON. Pure. */
import type { SystemPackage } from './libraries.ts';

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
}

export interface BillParts {
  /** The image's name, such as `sidelight/proxy`. */
  readonly image: string;
  readonly version: string;
  /** Packages that its executables may have been compiled from and with. */
  readonly npm: readonly NpmPackage[];
  readonly system: readonly SystemPackage[];
}

interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo: string;
  readonly downloadLocation: string;
  readonly filesAnalyzed: boolean;
  readonly externalRefs?: readonly object[];
}

/** Without dates and random names, so that the same content gives the same bytes. */
export function billOf({ image, version, npm, system }: BillParts): object {
  const packages = [
    entry('Image', image, version, null),
    ...npm.map((one) => entry('Npm', one.name, one.version, `pkg:npm/${one.name.replace('@', '%40')}@${one.version}`)),
    ...system.map((one) => entry('Debian', one.name, one.version, `pkg:deb/debian/${one.name}@${one.version}`)),
  ];
  return {
    spdxVersion: 'SPDX-2.3', dataLicense: 'CC0-1.0', SPDXID: 'SPDXRef-DOCUMENT', name: image,
    documentNamespace: `https://sidelight.dev/spdx/${image}/${version}`,
    creationInfo: { created: '1970-01-01T00:00:00Z', creators: ['Tool: sidelight-images'] },
    packages,
    relationships: packages.map(({ SPDXID }, at) => ({
      spdxElementId: at === 0 ? 'SPDXRef-DOCUMENT' : packages[0]?.SPDXID, relationshipType: at === 0 ? 'DESCRIBES' : 'CONTAINS', relatedSpdxElement: SPDXID,
    })),
  };
}

function entry(kind: string, name: string, versionInfo: string, purl: string | null): SpdxPackage {
  return {
    SPDXID: `SPDXRef-${kind}-${`${name}-${versionInfo}`.replaceAll(/[^a-zA-Z0-9.-]/g, '-')}`, name, versionInfo, downloadLocation: 'NOASSERTION', filesAnalyzed: false,
    ...(purl !== null && { externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }] }),
  };
}
