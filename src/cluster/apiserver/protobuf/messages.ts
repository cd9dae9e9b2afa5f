import { readFileSync } from 'node:fs';

export interface MessageField {
  /** Empty for a part whose fields stand among those of its owner. */
  readonly name: string;
  /** Whether a zero, a false or an empty text says nothing: it is what a sender's language puts where nothing was said. */
  readonly omitZero: boolean;
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

/** Each line: the message, then `number:name:type` for each field; `*` marks lists, `map:` maps with texts as keys, `?` a name whose zero says nothing. */
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

function readField(field: string): [number, MessageField] {
  const [number, text = '', ...type] = field.split(':');
  const omitZero = text.endsWith('?');
  const name = omitZero ? text.slice(0, -1) : text;
  const whole = type.join(':');
  if (whole.startsWith('*')) return [Number(number), { name, omitZero, type: whole.slice(1), shape: 'list' }];
  if (whole.startsWith('map:')) return [Number(number), { name, omitZero, type: whole.slice('map:'.length), shape: 'map' }];
  return [Number(number), { name, omitZero, type: whole, shape: 'one' }];
}
