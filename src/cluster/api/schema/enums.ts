import { readFileSync } from 'node:fs';

let facts: ReadonlyMap<string, readonly string[]> | undefined;

/** The texts that a generated model's field may be, where Kubernetes names them; undefined for any other. */
export function allowedValues(model: string, field: string): readonly string[] | undefined {
  facts ??= readFacts();
  return facts.get(`${model}.${field}`);
}

function readFacts(): ReadonlyMap<string, readonly string[]> {
  const [, ...lines] = readFileSync(new URL('../facts/enums.tsv', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  return new Map(
    lines.map((line): [string, readonly string[]] => {
      const [model = '', field = '', values = ''] = line.split('\t');
      return [`${model}.${field}`, values.split(',')];
    }),
  );
}
