import { badRequest } from '#cluster/api';

type Query = Readonly<Record<string, string>>;

/** Whether nothing is to be written. Errors: 400 for anything but `All`. */
export function isDryRun(query: Query, body?: { readonly dryRun?: unknown }): boolean {
  const given = query.dryRun ?? (Array.isArray(body?.dryRun) ? body.dryRun.join(',') : undefined);
  if (given === undefined || given === '') return false;
  if (given !== 'All') throw badRequest(`Cannot use dryRun="${given}": supported values: "All"`);
  return true;
}

/** A whole number of the query. Errors: 400 for anything else, in the words of Kubernetes. */
export function wholeNumber(query: Query, name: string): number | undefined {
  const text = query[name];
  if (text === undefined || text === '') return undefined;
  if (!/^[-+]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** A truth value of the query as Kubernetes reads it: there, and neither `false` nor `0`. */
export function flag(query: Query, name: string): boolean {
  const text = query[name];
  return text !== undefined && text !== '0' && text.toLowerCase() !== 'false';
}
