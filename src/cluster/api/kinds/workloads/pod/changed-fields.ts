import { isRecord } from '../../../schema/is-record.ts';
import { sameContent } from '../../../validation/same.ts';

/** One line for what was and one for what is to be of each field that differs. */
export function changedFields(path: string, now: unknown, before: unknown, key = ''): readonly string[] {
  if (sameContent(now, before, key)) return [];
  if (isRecord(now) && isRecord(before))
    return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((name) => changedFields(`${path}.${name}`, now[name], before[name], name));
  if (Array.isArray(now) && Array.isArray(before) && now.length === before.length)
    return now.flatMap((item, index) => changedFields(`${path}[${index}]`, item, before[index]));
  return [...(before === undefined ? [] : [`- ${path}: ${JSON.stringify(before)}`]), ...(now === undefined ? [] : [`+ ${path}: ${JSON.stringify(now)}`])];
}
