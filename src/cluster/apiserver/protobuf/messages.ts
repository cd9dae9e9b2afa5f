import { readFileSync } from 'node:fs';

export interface MessageField {
  readonly name: string;
  /** `string`, `int32`, `core.v1.Pod`, … */
  readonly type: string;
  readonly shape: 'one' | 'list' | 'map';
}
export type Message = ReadonlyMap<number, MessageField>;

let messages: ReadonlyMap<string, Message> | undefined;

/** The fields of a message of Kubernetes' API by their numbers; undefined for one that is not known. */
export function messageOf(name: string): Message | undefined {
  messages ??= readMessages();
  return messages.get(name);
}

/** The message of a kind: `apps/v1` `Deployment` is `apps.v1.Deployment`. */
export function messageName(apiVersion: string, kind: string): string {
  if (kind === 'DeleteOptions') return 'meta.v1.DeleteOptions';
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  return `${group?.split('.')[0]}.${version}.${kind}`;
}

/** Each line: the message, then `number:name:type` for each field; `*` marks lists, `map:` maps with texts as keys. */
function readMessages(): ReadonlyMap<string, Message> {
  const lines = readFileSync(new URL('./fields.tsv', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return new Map(
    lines.map((line): [string, Message] => {
      const [name = '', fields = ''] = line.split('\t');
      return [
        name,
        new Map(
          fields
            .split(' ')
            .filter((text) => text !== '')
            .map(readField),
        ),
      ];
    }),
  );
}

function readField(text: string): [number, MessageField] {
  const [number, name = '', ...type] = text.split(':');
  const whole = type.join(':');
  if (whole.startsWith('*')) return [Number(number), { name, type: whole.slice(1), shape: 'list' }];
  if (whole.startsWith('map:')) return [Number(number), { name, type: whole.slice('map:'.length), shape: 'map' }];
  return [Number(number), { name, type: whole, shape: 'one' }];
}
