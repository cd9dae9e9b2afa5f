import { busyboxTar } from './busybox.ts';
import { startTestDaemon, type TestDaemon } from './daemon.ts';
import { output, type Outcome } from './run.ts';

/**
 * A server that says its name and version on port 80 and ends at once on SIGTERM. Process 1 has a handler: without one the
 * kernel would not deliver the signal to it.
 */
export const SERVE = `echo $HOSTNAME $VERSION > /www/index.html; trap 'kill $!; exit 0' TERM; httpd -f -p 80 -h /www & wait`;

export interface LoadResult {
  readonly count: number;
  readonly failures: readonly string[];
  /** How often each body was answered. */
  readonly answers: Readonly<Record<string, number>>;
}
export interface Load extends AsyncDisposable {
  /** Ends it when it has made its least number of requests. */
  end(): Promise<LoadResult>;
}

/** A whole cluster in namespaces of its own, with the images `busybox` and `myregistry/myimage` in two versions, never pushed. */
export interface TestCluster extends AsyncDisposable {
  readonly daemon: TestDaemon;
  /** Words are split at blanks. Errors: a failing one. */
  kubectl(line: string, input?: string): Promise<string>;
  /** As given, failing or not. */
  try(words: readonly string[], input?: string): Promise<Outcome>;
  apply(manifest: string | object): Promise<string>;
  /** One field, by JSONPath without the braces. */
  field(object: string, path: string): Promise<string>;
  /** A shell command line inside the machine's namespaces. */
  shell(line: string): Promise<string>;
  /** Begins requests on new connections; resolves when the first was answered. */
  load(urls: readonly string[], bounds?: { readonly least?: number; readonly most?: number; readonly workers?: number }): Promise<Load>;
}

export async function startTestCluster(...options: Parameters<typeof startTestDaemon>): Promise<TestCluster> {
  const daemon = await startTestDaemon(...options);
  try {
    await makeImages(daemon);
  } catch (error) {
    await daemon[Symbol.asyncDispose]();
    throw error;
  }
  const attempt = (words: readonly string[], input?: string) => daemon.kubectl(words, input === undefined ? {} : { input });
  const kubectl = (line: string, input?: string) => output(attempt(line.split(' '), input));
  return {
    daemon,
    kubectl,
    try: attempt,
    apply: (manifest) => kubectl('apply -f -', typeof manifest === 'string' ? manifest : JSON.stringify(manifest)),
    field: (object, path) => output(attempt(['get', ...object.split(' '), '-o', `jsonpath={${path}}`])),
    shell: (line) => output(daemon.inside(['sh', '-c', line])),
    load: (urls, bounds) => startLoad(daemon, urls, bounds),
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

async function makeImages(daemon: TestDaemon): Promise<void> {
  await output(daemon.docker(['import', '-', 'busybox'], { input: busyboxTar() }));
  for (const version of ['1.0', '2.0']) {
    const dockerfile = ['FROM busybox', `ENV VERSION=${version}`, 'RUN mkdir /www', `CMD ${JSON.stringify(['sh', '-c', SERVE])}`].join('\n');
    await output(daemon.docker(['build', '--quiet', '--tag', `myregistry/myimage:${version}`, '-'], { input: dockerfile }));
  }
}

const GENERATOR = new URL('./load-generator.ts', import.meta.url).pathname;

async function startLoad(
  daemon: TestDaemon,
  urls: readonly string[],
  { least = 1000, most = 30_000, workers = 4 }: { readonly least?: number; readonly most?: number; readonly workers?: number } = {},
): Promise<Load> {
  const child = daemon.spawn([process.execPath, '--no-warnings', GENERATOR, ...[workers, least, most].map(String), ...urls]);
  let [said, words] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words += text;
      if (words.includes('begun\n')) resolve();
    });
    void ended.then(() => reject(new Error(`the load ended before its first answer: ${words}${said}`)));
  });
  return {
    async end() {
      child.stdin.end();
      await ended;
      return JSON.parse(said) as LoadResult;
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
}
