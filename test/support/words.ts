/** Words of a command line: apart at blanks, but for what stands in single quotes. */
export function wordsOf(line: string): readonly string[] {
  return (line.match(/(?:'[^']*'|[^\s'])+/g) ?? []).map((word) => word.replaceAll("'", ''));
}

const LITERAL = /[.*+?^${}()|[\]\\]/g;

/**
 * A pattern of what a command says, written as people read it: blanks stand for any number of blanks, `<age>` for an age, `…` for
 * anything on its line, a line of `…` alone for any lines; blanks at the beginning and the end of a line do not count.
 */
export function patternOf(expected: string): RegExp {
  const lines = expected
    .trim()
    .split('\n')
    .map((line) => line.trim());
  const pattern = lines.map((line, index) => {
    const end = index === lines.length - 1 ? '' : '\\n';
    if (line === '…') return index === lines.length - 1 ? '[^]*' : '(?:[^\\n]*\\n)*?';
    const words = line.split(/ +/).map((word) => word.replace(LITERAL, '\\$&').replaceAll('…', '[^\\n]*').replaceAll('<age>', '(?:\\d+[smhdy])+'));
    return ` *${words.join('\\s+')} *${end}`;
  });
  return new RegExp(`^${pattern.join('')}\\n*$`);
}
