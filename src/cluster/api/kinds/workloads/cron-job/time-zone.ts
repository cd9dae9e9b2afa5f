/** What a part of a zone's name may be (theory of the tz database, names of zones). */
const PART = /^[A-Za-z.\-_0-9+]{1,14}$/;

/** What is wrong with the name of a time zone. */
export function timeZoneProblems(name: string): readonly string[] {
  if (name === '') return ['timeZone must be nil or non-empty string'];
  const unknown = `unknown time zone ${name}`;
  if (name.split('/').some((part) => part === '.' || part === '..' || part.startsWith('-') || !PART.test(part))) return [unknown];
  const isLocal = name.toLowerCase() === 'local';
  return [
    ...(isLocal ? ['timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'] : []),
    ...(name === 'Local' || isTimeZone(name) ? [] : [unknown]),
  ];
}

/** Whether the tz database has a zone of that name, in these letters. */
export function isTimeZone(name: string): boolean {
  // Offsets are no names of zones, though the runtime reads them.
  if (name === '' || /^[+-]/.test(name)) return name === '';
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    // A RangeError is how the runtime says that there is none.
    return false;
  }
}
