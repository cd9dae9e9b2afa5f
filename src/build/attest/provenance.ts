/** Something that went into a build (SLSA v1, ResourceDescriptor). */
export interface Material {
  readonly uri: string;
  readonly digest: Readonly<Record<string, string>>;
}
export interface ProvenanceFacts {
  readonly names: readonly string[];
  /** Of the image's manifest, without its algorithm. */
  readonly sha256: string;
  readonly mode: 'min' | 'max';
  /** Of the builder. */
  readonly version?: string;
  readonly dockerfile: { readonly name: string; readonly text: string; readonly sha256: string };
  readonly target?: string;
  /** Of which commit the context is, as the client says; nobody has seen to it. */
  readonly source?: { readonly remote?: string; readonly commit: string; readonly isChanged: boolean };
  readonly args: Readonly<Record<string, string | null>>;
  readonly materials: readonly Material[];
  /** None for output that can be made again. */
  readonly times?: { readonly started_ms: number; readonly finished_ms: number };
}

const BUILD_TYPE = 'urn:gantry:build:dockerfile:v1';
const BUILDER = 'urn:gantry:builder';

/** The in-toto Statement v1 with SLSA's provenance v1. `max` has the Dockerfile's text and the build arguments' values too. Pure. */
export function provenanceStatement(facts: ProvenanceFacts): string {
  const { names, sha256, mode, dockerfile, target, args, materials, times, version, source } = facts;
  const subjects = names.length === 0 ? ['image'] : names;
  return JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects.map((name) => ({ name, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: BUILD_TYPE,
        externalParameters: {
          dockerfile: { name: dockerfile.name, digest: { sha256: dockerfile.sha256 } },
          ...(target === undefined ? {} : { target }),
          ...(source === undefined ? {} : { source: sourceOf(source) }),
          ...(mode === 'max' ? { args } : { argNames: Object.keys(args).sort() }),
        },
        ...(mode === 'max' ? { internalParameters: { dockerfileText: dockerfile.text } } : {}),
        resolvedDependencies: sortedMaterials(materials),
      },
      runDetails: {
        builder: { id: BUILDER, ...(version === undefined ? {} : { version: { gantry: version } }) },
        ...(times === undefined ? {} : { metadata: metadataOf(times) }),
      },
    },
  });
}

function sourceOf({ remote, commit, isChanged }: NonNullable<ProvenanceFacts['source']>) {
  return { ...(remote === undefined ? {} : { uri: publicAddress(remote) }), digest: { gitCommit: commit }, ...(isChanged ? { changed: true } : {}) };
}

/** An address without user, password and query, which may be secrets. Pure. */
export function publicAddress(address: string): string {
  const url = URL.parse(address);
  if (url === null) return address;
  [url.username, url.password, url.search] = ['', '', ''];
  return url.href;
}

function sortedMaterials(materials: readonly Material[]): readonly Material[] {
  const byText = new Map(materials.map((material) => [JSON.stringify(material), material] as const));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, material]) => material);
}

function metadataOf({ started_ms, finished_ms }: NonNullable<ProvenanceFacts['times']>) {
  return { startedOn: new Date(started_ms).toISOString(), finishedOn: new Date(finished_ms).toISOString() };
}
