/** Which rooms each room may import, besides `kit`. The plan of the house, as data. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  kit: [],
  linux: [],
  'cluster/api': [],
  'cluster/store': [],
  network: ['linux'],
  image: ['linux'],
  engine: ['image', 'network', 'linux'],
  build: ['engine', 'image'],
  'cluster/client': ['cluster/api'],
  'cluster/apiserver': ['cluster/api', 'cluster/store'],
  'cluster/scheduler': ['cluster/client', 'cluster/api'],
  'cluster/controllers': ['cluster/client', 'cluster/api'],
  'cluster/network': ['network', 'cluster/client', 'cluster/api'],
  'cluster/node': ['cluster/client', 'cluster/api'],
  dashboard: ['cluster/client'],
  registry: ['image'],
  docker: ['build', 'engine', 'image'],
  daemon: [
    'build',
    'cluster/api',
    'cluster/apiserver',
    'cluster/client',
    'cluster/controllers',
    'cluster/network',
    'cluster/node',
    'cluster/scheduler',
    'cluster/store',
    'docker',
    'engine',
    'image',
    'linux',
    'network',
    'registry',
  ],
  library: ['cluster/api', 'cluster/client'],
  // What serves TLS is loaded only when a kubeconfig is wanted.
  testing: [
    'cluster/api',
    'cluster/apiserver',
    'cluster/client',
    'cluster/controllers',
    'cluster/network',
    'cluster/node',
    'cluster/scheduler',
    'cluster/store',
    'daemon (dynamic)',
  ],
  // The daemon is loaded only by the command that starts one, so with a dynamic import.
  cli: ['cluster/client', 'cluster/api', 'daemon (dynamic)', 'testing (dynamic)'],
};

export interface SourceFile {
  /** Relative to `src/`. */
  readonly path: string;
  readonly text: string;
}
interface Import {
  readonly specifier: string;
  readonly dynamic: boolean;
}

/** The room a file lies in: the longest name of a room that its path begins with. */
export function roomOf(path: string): string | undefined {
  return Object.keys(ROOMS)
    .filter((room) => path.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0];
}

/** Every import and re-export of a source text, those of types included. */
export function importsOf(text: string): readonly Import[] {
  const found: Import[] = [];
  for (const match of text.matchAll(/^(?:import\b[^;'"()]*?|export\b[^;'"()=]*?\bfrom\s*)['"]([^'"]+)['"]/gm))
    found.push({ specifier: match[1] ?? '', dynamic: false });
  for (const match of text.matchAll(/\bimport\(\s*['"](#?[^'"]+)['"]/g)) found.push({ specifier: match[1] ?? '', dynamic: true });
  return found;
}

/** What is wrong with where the files import from: one sentence each. */
export function violations(files: readonly SourceFile[]): readonly string[] {
  const wrong: string[] = [];
  for (const file of files) {
    const room = roomOf(file.path);
    if (room === undefined) {
      wrong.push(`${file.path} lies in no room of the plan`);
      continue;
    }
    for (const item of importsOf(file.text)) wrong.push(...judge(file.path, room, item));
  }
  return wrong;
}

function judge(path: string, room: string, { specifier, dynamic }: Import): readonly string[] {
  if (specifier.startsWith('.')) {
    if (!specifier.endsWith('.ts')) return [];
    const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
    return target === '' || roomOf(target) === room ? [] : [`${path} leaves its room by ${specifier}: use the room's name`];
  }
  if (!specifier.startsWith('#')) return specifier === '@kubernetes/client-node' ? [`${path} imports ${specifier}, which is for development only`] : [];
  const target = specifier.slice(1);
  if (!(target in ROOMS)) return [`${path} imports ${specifier}, which is no room`];
  if (target === 'kit' || ROOMS[room]?.includes(target)) return [];
  if (dynamic && ROOMS[room]?.includes(`${target} (dynamic)`)) return [];
  return [`${path} imports ${specifier}, which ${room} may not`];
}

/** Circles of files that import one another, types included. */
export function cycles(files: readonly SourceFile[]): readonly string[] {
  const known = new Map(files.map((file) => [file.path, file]));
  const state = new Map<string, 'open' | 'done'>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      found.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      return;
    }
    state.set(path, 'open');
    for (const { specifier, dynamic } of importsOf(known.get(path)?.text ?? '')) {
      const target = specifier.startsWith('#') ? `${specifier.slice(1)}/index.ts` : new URL(specifier, `file:///${path}`).pathname.slice(1);
      if (!dynamic && known.has(target)) visit(target, [...trail, path]);
    }
    state.set(path, 'done');
  };
  for (const file of files) visit(file.path, []);
  return found;
}
