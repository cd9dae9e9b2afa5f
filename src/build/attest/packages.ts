/** A package that is installed in an image. */
export interface Package {
  /** The kind of a package URL. */
  readonly type: 'deb' | 'apk' | 'rpm' | 'npm' | 'pypi' | 'golang';
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
  /** Of rpm: what goes before the version when two are compared. */
  readonly epoch?: number;
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
  const { name, version, license } = recordIn(text);
  return packageOf('npm', textOf(name), textOf(version), undefined, textOf(license));
}

/**
 * Packages of npm's `package-lock.json` (versions 1 to 3), which stands for them where an application was put together into one file. What is for
 * development, or need not be there, is left out: where it is installed its own `package.json` tells. Pure.
 */
export function parseNpmLock(text: string): readonly Package[] {
  const lock = recordIn(text);
  const { packages, dependencies } = lock;
  if (isRecord(packages))
    return Object.entries(packages).flatMap(([path, entry]) => {
      const name = path.split('node_modules/').at(-1);
      return path.includes('node_modules/') && isNeeded(entry) ? lockedPackage(textOf(entry.name) ?? name, entry) : [];
    });
  return lockedDependencies(dependencies);
}

function lockedDependencies(dependencies: unknown): readonly Package[] {
  if (!isRecord(dependencies)) return [];
  return Object.entries(dependencies).flatMap(([name, entry]) =>
    isNeeded(entry) ? [...lockedPackage(name, entry), ...lockedDependencies(entry.dependencies)] : [],
  );
}

function isNeeded(entry: unknown): entry is Readonly<Record<string, unknown>> {
  return isRecord(entry) && entry.dev !== true && entry.optional !== true && entry.devOptional !== true && entry.link !== true;
}

/** A version that is an address says where a package comes from, and not which one it is. */
function lockedPackage(name: string | undefined, { version, license }: Readonly<Record<string, unknown>>): readonly Package[] {
  const text = textOf(version);
  return text === undefined || text.includes(':') ? [] : packageOf('npm', name, text, undefined, textOf(license));
}

/** The package of Python's METADATA or PKG-INFO. Pure. */
export function parsePython(text: string): readonly Package[] {
  const field = fieldsOf(text.split(/\r?\n\r?\n/, 1)[0] ?? '');
  return packageOf('pypi', field('Name'), field('Version'), undefined, field('License-Expression'));
}

/** Sorted, each once: the same packages give the same document. One that tells its license goes before one that does not. Pure. */
export function sortedPackages(packages: readonly Package[]): readonly Package[] {
  const licensedLast = [...packages].sort(
    (a, b) => Number(a.license !== undefined) - Number(b.license !== undefined) || ((a.license ?? '') < (b.license ?? '') ? -1 : 1),
  );
  const keys = new Map(licensedLast.map((one) => [[one.type, one.name, one.version, one.epoch ?? '', one.architecture ?? ''].join('\0'), one] as const));
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

/** An empty one for what is none: npm takes it for no package either. */
function recordIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
