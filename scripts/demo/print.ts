const LINES_MAX = 14;
const COLUMNS_MAX = 160;

const say = (line: string) => void process.stdout.write(`${line}\n`);

export function printTitle(number: number, title: string): void {
  say(`\n== ${number}. ${title}`);
}
export function printNote(words: string): void {
  say(`   ${words}`);
}
export function printCommand(words: readonly string[]): void {
  say(`$ ${words.map((word) => (/[\s"'$;|&<>*]/.test(word) ? `'${word}'` : word)).join(' ')}`);
}

/** What came back, long output cut in the middle, and the time it took. */
export function printOutput(text: string, took_ms: number): void {
  const lines = text
    .split('\n')
    .filter((line) => line.trim() !== '' && !/DEPRECATED: The legacy builder|Install the buildx|docs.docker.com\/go\/buildx/.test(line));
  const half = LINES_MAX / 2;
  const shown = lines.length <= LINES_MAX ? lines : [...lines.slice(0, half), `… ${lines.length - LINES_MAX} lines …`, ...lines.slice(-half)];
  for (const line of shown) say(`  ${line.length > COLUMNS_MAX ? `${line.slice(0, COLUMNS_MAX)}…` : line}`);
  say(`  (${seconds(took_ms)})`);
}

export interface Result {
  readonly number: number;
  readonly title: string;
  readonly outcome: 'done' | 'failed';
  readonly took_ms: number;
}

export function printTable(results: readonly Result[]): void {
  say('');
  const width = Math.max(...results.map(({ title }) => title.length));
  for (const { number, title, outcome, took_ms } of results)
    say(`${String(number).padStart(3)}  ${title.padEnd(width)}  ${outcome.padEnd(6)}  ${seconds(took_ms).padStart(8)}`);
}

const seconds = (time_ms: number) => `${(time_ms / 1000).toFixed(2)} s`;
