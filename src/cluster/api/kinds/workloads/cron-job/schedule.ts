interface Field {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** Minute, hour, day of the month, month, day of the week. */
const FIELDS: readonly Field[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];
const DESCRIPTORS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
const UNITS = /^(?:ns|us|µs|μs|ms|s|m|h)/;
const INT_MAX = 2n ** 63n - 1n;

/** What is wrong with a schedule: five fields as cron has them, `@daily` and the like, or `@every 1h30m`. `isZone` says whether there is such a time zone. */
export function scheduleProblem(text: string, isZone: (name: string) => boolean): string | undefined {
  const zoned = /^(?:CRON_)?TZ=([^ ]*)( .*)?$/s.exec(text);
  const schedule = zoned === null ? text : (zoned[2] ?? '').trim();
  if (zoned !== null) {
    if (zoned[2] === undefined) return 'invalid schedule format: runtime error: slice bounds out of range [:-1]';
    if (!isZone(zoned[1] ?? '')) return `provided bad location ${zoned[1]}: unknown time zone ${zoned[1]}`;
  }
  if (schedule.startsWith('@')) return descriptorProblem(schedule);
  const parts = schedule.split(/\s+/).filter((part) => part !== '');
  if (parts.length !== FIELDS.length) return `expected exactly ${FIELDS.length} fields, found ${parts.length}: [${parts.join(' ')}]`;
  for (const [index, field] of FIELDS.entries()) {
    const problem = listProblem(parts[index] ?? '', field);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function descriptorProblem(text: string): string | undefined {
  if (DESCRIPTORS.includes(text)) return undefined;
  if (!text.startsWith('@every ')) return `unrecognized descriptor: ${text}`;
  const problem = durationProblem(text.slice('@every '.length));
  return problem === undefined ? undefined : `failed to parse duration ${text}: time: ${problem}`;
}

function durationProblem(text: string): string | undefined {
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return undefined;
  if (rest === '') return `invalid duration ${JSON.stringify(text)}`;
  while (rest !== '') {
    const number = /^(?:\d+(?:\.\d*)?|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) return `invalid duration ${JSON.stringify(text)}`;
    rest = rest.slice(number.length);
    const unit = /^[^.\d]*/.exec(rest)?.[0] ?? '';
    if (unit === '') return `missing unit in duration ${JSON.stringify(text)}`;
    if (UNITS.exec(unit)?.[0] !== unit) return `unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`;
    rest = rest.slice(unit.length);
  }
  return undefined;
}

function listProblem(text: string, field: Field): string | undefined {
  for (const range of text.split(',').filter((part) => part !== '')) {
    const problem = rangeProblem(range, field);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** `*`, `5`, `mon-fri`, `10-40/5`, `*` with a step. */
function rangeProblem(text: string, field: Field): string | undefined {
  const [limits = '', stepText, ...moreSteps] = text.split('/');
  const [low = '', high, ...moreLimits] = limits.split('-');
  const isAll = low === '*' || low === '?';
  const first = isAll ? field.min : readNumber(low, field.names);
  if (typeof first === 'string') return first;
  if (!isAll && moreLimits.length > 0) return `too many hyphens: ${text}`;
  const last = isAll ? field.max : high === undefined ? first : readNumber(high, field.names);
  if (typeof last === 'string') return last;
  if (moreSteps.length > 0) return `too many slashes: ${text}`;
  const step = stepText === undefined ? 1 : readNumber(stepText);
  if (typeof step === 'string') return step;
  const end = stepText !== undefined && high === undefined ? field.max : last;
  if (first < field.min) return `beginning of range (${first}) below minimum (${field.min}): ${text}`;
  if (end > field.max) return `end of range (${end}) above maximum (${field.max}): ${text}`;
  if (first > end) return `beginning of range (${first}) beyond end of range (${end}): ${text}`;
  return step === 0 ? `step of range should be a positive number: ${text}` : undefined;
}

function readNumber(text: string, names: readonly string[] = []): number | string {
  const named = text === '' ? -1 : names.indexOf(text.toLowerCase());
  if (named >= 0) return named;
  const parsing = `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}`;
  if (!/^[+-]?\d+$/.test(text)) return `${parsing}: invalid syntax`;
  const value = BigInt(text.replace(/^\+/, ''));
  if (value > INT_MAX || value < -INT_MAX - 1n) return `${parsing}: value out of range`;
  return value < 0n ? `negative number (${value}) not allowed: ${text}` : Number(value);
}
