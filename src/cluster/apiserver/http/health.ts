import type { ServerResponse } from 'node:http';
import { head } from '../metrics/families.ts';
import { sendPageNotFound, sendPlain } from './respond.ts';

/** One thing that has to be so. */
export interface HealthCheck {
  readonly name: string;
  /** Whether a server that is alive may lack it: it only takes no requests then. */
  readonly ofReadinessOnly?: true;
  /** Undefined when it is so; else what is wrong, in words that anybody may read. */
  readonly problem: () => Promise<string | undefined>;
}

const ROOTS = ['livez', 'readyz', 'healthz'] as const;

/** The paths of all of them. */
export function healthPaths(checks: readonly HealthCheck[]): readonly string[] {
  return ROOTS.flatMap((root) => [`/${root}`, ...checksOf(checks, root).map(({ name }) => `/${root}/${name}`)]);
}

function checksOf(checks: readonly HealthCheck[], root: (typeof ROOTS)[number]): readonly HealthCheck[] {
  return checks.filter(({ ofReadinessOnly }) => root === 'readyz' || ofReadinessOnly !== true);
}

/** How each check stands now, in Prometheus' text format (Kubernetes' documentation, "Kubernetes Component SLI Metrics"). */
export async function healthLines(checks: readonly HealthCheck[]): Promise<string[]> {
  const results = await Promise.all(checks.map(async (check) => ({ check, value: (await check.problem()) === undefined ? 1 : 0 })));
  const lines = ROOTS.flatMap((root) => {
    const own = checksOf(checks, root);
    return results.filter(({ check }) => own.includes(check)).map(({ check, value }) => `kubernetes_healthcheck{name="${check.name}",type="${root}"} ${value}`);
  });
  return [...head('kubernetes_healthcheck', 'gauge', 'Whether a check of health is passed.'), ...lines.toSorted()];
}

/**
 * Answers `/livez`, `/readyz` and `/healthz`, each alone or with the name of one check behind it; `?verbose` tells of each check, `?exclude=NAME` leaves
 * one out (Kubernetes' documentation, "Kubernetes API health endpoints"). False for another path.
 */
export async function answerHealth(response: ServerResponse, url: URL, checks: readonly HealthCheck[]): Promise<boolean> {
  const [, first = '', ...rest] = url.pathname.replace(/\/$/, '').split('/');
  const root = ROOTS.find((name) => name === first);
  if (root === undefined) return false;
  const own = checksOf(checks, root);
  const named = rest.join('/');
  const excluded = new Set(url.searchParams.getAll('exclude'));
  const chosen = named === '' ? own.filter(({ name }) => !excluded.has(name)) : own.filter(({ name }) => name === named);
  if (named !== '' && chosen.length === 0) {
    sendPageNotFound(response);
    return true;
  }
  const results = await Promise.all(chosen.map(async ({ name, problem }) => ({ name, problem: await problem() })));
  const isWell = results.every(({ problem }) => problem === undefined);
  const isTold = !isWell || url.searchParams.has('verbose');
  sendPlain(response, isWell ? 200 : 503, isTold ? told(root, results, excluded, isWell) : 'ok');
  return true;
}

function told(
  root: string,
  results: readonly { readonly name: string; readonly problem: string | undefined }[],
  excluded: ReadonlySet<string>,
  isWell: boolean,
): string {
  const lines = results.map(({ name, problem }) => (problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`));
  const left = [...excluded].map((name) => `[+]${name} excluded: ok`);
  return `${[...lines, ...left, `${root} check ${isWell ? 'passed' : 'failed'}`].join('\n')}\n`;
}
