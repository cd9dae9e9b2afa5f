/** A package that is installed in an image. */
export interface Package {
  /** The kind of a package URL. */
  readonly type: 'deb' | 'apk' | 'npm' | 'pypi';
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
  readonly license?: string;
}

/** Packages of dpkg's `status` or of one file of `status.d`, those that are not installed left out. Pure. */
export function parseDpkg(text: string): readonly Package[] {
  return text.split(/\n\n+/).flatMap((stanza) => {
    const field = fieldsOf(stanza);
    const status = field('Status');
    if (status !== undefined && !status.endsWith(' installed')) return [];
    return packageOf('deb', field('Package'), field('Version'), field('Architecture'), undefined);
  });
}

/** Packages of apk's `lib/apk/db/installed`. Pure. */
export function parseApk(text: string): readonly Package[] {
  return text.split(/\n\n+/).flatMap((stanza) => {
    const field = fieldsOf(stanza);
    return packageOf('apk', field('P'), field('V'), field('A'), field('L'));
  });
}

/** The package of a `package.json`; none where it has no name or version, or is broken, as files of tests are. Pure. */
export function parseNpm(text: string): readonly Package[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return []; // It is no package then, and npm takes it for none either.
  }
  // A cast because each field is looked at below.
  const { name, version, license } = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  return packageOf('npm', textOf(name), textOf(version), undefined, textOf(license));
}

/** The package of Python's METADATA or PKG-INFO. Pure. */
export function parsePython(text: string): readonly Package[] {
  const field = fieldsOf(text.split(/\r?\n\r?\n/, 1)[0] ?? '');
  return packageOf('pypi', field('Name'), field('Version'), undefined, field('License-Expression'));
}

/** Sorted, each once: the same packages give the same document. Pure. */
export function sortedPackages(packages: readonly Package[]): readonly Package[] {
  const keys = new Map(packages.map((one) => [[one.type, one.name, one.version, one.architecture ?? ''].join('\0'), one] as const));
  return [...keys].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

function fieldsOf(stanza: string): (name: string) => string | undefined {
  const fields = new Map(
    stanza.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf(':');
      return at <= 0 || /^\s/.test(line) ? [] : [[line.slice(0, at), line.slice(at + 1).trim()] as const];
    }),
  );
  return (name) => fields.get(name);
}

function packageOf(type: Package['type'], name?: string, version?: string, architecture?: string, license?: string): readonly Package[] {
  if (!name || !version) return [];
  return [{ type, name, version, ...(architecture ? { architecture } : {}), ...(license ? { license } : {}) }];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
