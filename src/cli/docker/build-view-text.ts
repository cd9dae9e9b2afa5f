import { stripVTControlCharacters } from 'node:util';

/** What a view may take. */
export interface Frame {
  readonly columns: number;
  /** So many lines at most. */
  readonly rows: number;
  readonly now_ms: number;
}

/** A line that ends in a time or a mark at the right edge. */
export function ended(left: string, right: string, columns: number): string {
  const room = columns - right.length - 1;
  return `${fit(left, room).padEnd(room)} ${right}`;
}

/** The text, cut where the window ends. */
export function fit(text: string, columns: number): string {
  const chars = Array.from(text);
  return chars.length <= columns ? text : `${chars.slice(0, Math.max(0, columns - 1)).join('')}…`;
}

/** `1.5s`, `2m05s`. */
export function seconds(time_ms: number): string {
  const all = Math.max(0, time_ms) / 1000;
  return all < 60 ? `${all.toFixed(1)}s` : `${Math.floor(all / 60)}m${String(Math.floor(all % 60)).padStart(2, '0')}s`;
}

/** A program's line: what it wrote over itself is seen as it was left, and nothing of it steers this terminal. */
export function harmless(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return stripVTControlCharacters(text.replace(/\r$/, '').replace(/^.*\r/s, '')).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
