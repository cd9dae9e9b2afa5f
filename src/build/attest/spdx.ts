import { createHash } from 'node:crypto';
import type { Package } from './packages.ts';

export interface SpdxSubject {
  readonly name: string;
  /** `sha256:` and its digits: the image's manifest. */
  readonly digest: string;
  readonly created_ms: number;
}

/** The SPDX 2.3 document of an image (SPDX specification, clauses 6, 7 and 11). The same input gives the same text. Pure. */
export function spdxDocument({ name, digest, created_ms }: SpdxSubject, packages: readonly Package[]): string {
  const image = {
    name,
    SPDXID: 'SPDXRef-Image',
    versionInfo: digest,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    primaryPackagePurpose: 'CONTAINER',
    checksums: [{ algorithm: 'SHA256', checksumValue: digest.slice('sha256:'.length) }],
  };
  const described = packages.map(packageEntry);
  return JSON.stringify({
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `urn:gantry:spdx:${digest}`,
    creationInfo: { created: new Date(created_ms).toISOString().replace(/\.\d+Z$/, 'Z'), creators: ['Tool: gantry'] },
    packages: [image, ...described],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: image.SPDXID },
      ...described.map(({ SPDXID }) => ({ spdxElementId: image.SPDXID, relationshipType: 'CONTAINS', relatedSpdxElement: SPDXID })),
    ],
  });
}

function packageEntry(one: Package) {
  const locator = packageUrl(one);
  return {
    name: one.name,
    SPDXID: `SPDXRef-Package-${createHash('sha256').update(locator).digest('hex').slice(0, 24)}`,
    versionInfo: one.version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    // What a package manager has there need be no expression of SPDX's; it stands as a comment then.
    licenseDeclared: 'NOASSERTION',
    ...(one.license === undefined ? {} : { licenseComments: `Declared by the package as: ${one.license}` }),
    copyrightText: 'NOASSERTION',
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: locator }],
  };
}

/** The package URL (purl specification); the distribution is left out. Pure. */
export function packageUrl({ type, name, version, architecture, epoch }: Package): string {
  const path = (type === 'pypi' ? name.toLowerCase().replaceAll('_', '-') : name).split('/').map(encodeURIComponent).join('/');
  const qualifiers = [...(architecture === undefined ? [] : [`arch=${encodeURIComponent(architecture)}`]), ...(epoch === undefined ? [] : [`epoch=${epoch}`])];
  const query = qualifiers.length === 0 ? '' : `?${qualifiers.join('&')}`;
  return `pkg:${type}/${path}@${encodeURIComponent(version)}${query}`;
}
