const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REFERENCE = new RegExp(
  `^(?:(?:[A-Za-z0-9.-]+|\\[[0-9a-fA-F:]+\\])(?::\\d+)?/)?${PART}(?:/${PART})*(?::([\\w][\\w.-]{0,127}))?(@[A-Za-z][\\w+.-]*:[0-9a-fA-F]{32,})?$`,
);

/** A moving tag is looked up at each start; a fixed one, a digest, and what is no reference at all are not. */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  const match = REFERENCE.exec(image);
  if (match === null) return 'IfNotPresent';
  const [, tag, digest] = match;
  return (tag ?? (digest === undefined ? 'latest' : '')) === 'latest' ? 'Always' : 'IfNotPresent';
}
