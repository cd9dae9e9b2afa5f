import { badRequest } from '#cluster/api';
import { messageOf as words } from '#kit';
import { type MessageField, messageName, messageOf } from './messages.ts';
import { readFields, type WireField } from './reader.ts';

export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';
const MAGIC = Buffer.from('k8s\0', 'latin1');
const ZEROS: readonly unknown[] = ['', 0, false];

type Json = Record<string, unknown>;

/** A body in Kubernetes' protocol buffers as the JSON that it stands for. Errors: 400 where it can't be read or its kind is not known. */
export function decodeProtobuf(body: Buffer): Json {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw badRequest('Cannot read the request body: it does not begin as Kubernetes protocol buffers do');
  try {
    const envelope = new Map([...readFields(body.subarray(MAGIC.length))].map((field) => [field.number, field]));
    const type = new Map([...readFields(bytesOf(envelope.get(1)))].map((field) => [field.number, bytesOf(field).toString('utf8')]));
    const [apiVersion, kind] = [type.get(1) ?? '', type.get(2) ?? ''];
    const name = messageName(apiVersion, kind);
    if (!messageOf(name)) throw badRequest(`Cannot read ${kind} of ${apiVersion} in protocol buffers: send it as application/json`);
    return { apiVersion, kind, ...readMessage(name, bytesOf(envelope.get(2))) };
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) throw badRequest(`Cannot read the request body as protocol buffers: ${words(error)}`);
    throw error;
  }
}

function bytesOf(field: WireField | undefined): Buffer {
  return field?.wire === 'bytes' ? field.value : Buffer.alloc(0);
}

function readMessage(name: string, bytes: Buffer): Json {
  const message = messageOf(name);
  if (!message) throw new RangeError(`message ${name} is not known`);
  const result: Json = {};
  for (const field of readFields(bytes)) {
    const known = message.get(field.number);
    // Newer clients know more fields; what is unknown here can't be kept.
    if (known) put(result, known, field);
  }
  return result;
}

function put(result: Json, known: MessageField, field: WireField): void {
  const { name, type, shape, omitZero } = known;
  if (shape === 'map') {
    const entry = new Map([...readFields(bytesOf(field))].map((part) => [part.number, part]));
    const value = entry.get(2);
    // Made here as a record on the map's first entry.
    const map = (result[name] ??= {}) as Json;
    map[bytesOf(entry.get(1)).toString('utf8')] = value ? valueOf(type, value) : type === 'string' || type === 'bytes' ? '' : {};
    return;
  }
  const value = valueOf(type, field);
  if (shape === 'list') {
    // Made here as a list on its first item.
    ((result[name] ??= []) as unknown[]).push(value);
  } else if (name === '') {
    Object.assign(result, value);
  } else if (value !== undefined && !(omitZero && ZEROS.includes(value))) {
    result[name] = value;
  }
}

function valueOf(type: string, field: WireField): unknown {
  if (field.wire === 'varint') return type === 'bool' ? field.value !== 0n : Number(field.value);
  if (field.wire === 'fixed64') return field.value.readDoubleLE(0);
  const bytes = field.value;
  switch (type) {
    case 'string':
      return bytes.toString('utf8');
    case 'bytes':
      return bytes.toString('base64');
    case 'meta.v1.Time':
      return timeOf(bytes, 0);
    case 'meta.v1.MicroTime':
      return timeOf(bytes, 6);
    case 'api.resource.Quantity':
      return bytesOf([...readFields(bytes)].find((part) => part.number === 1)).toString('utf8') || '0';
    case 'util.intstr.IntOrString':
      return intOrString(bytes);
    case 'meta.v1.FieldsV1':
    case 'runtime.RawExtension':
      return JSON.parse(bytesOf([...readFields(bytes)].find((part) => part.number === 1)).toString('utf8') || 'null');
    case 'authentication.v1.ExtraValue':
    case 'authorization.v1.ExtraValue':
    case 'certificates.v1.ExtraValue':
      return [...readFields(bytes)].map((part) => bytesOf(part).toString('utf8'));
    default:
      return readMessage(type, bytes);
  }
}

/** RFC 3339 with that many digits after the seconds; undefined for the empty time. */
function timeOf(bytes: Buffer, digits: number): string | undefined {
  const parts = new Map([...readFields(bytes)].map((part) => [part.number, part.wire === 'varint' ? Number(part.value) : 0]));
  const seconds = parts.get(1);
  if (seconds === undefined) return undefined;
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  const fraction = String(parts.get(2) ?? 0)
    .padStart(9, '0')
    .slice(0, digits);
  return digits === 0 ? `${text}Z` : `${text}.${fraction}Z`;
}

function intOrString(bytes: Buffer): number | string {
  const parts = new Map([...readFields(bytes)].map((part) => [part.number, part]));
  const kind = parts.get(1);
  if (kind?.wire === 'varint' && kind.value === 1n) return bytesOf(parts.get(3)).toString('utf8');
  const number = parts.get(2);
  return number?.wire === 'varint' ? Number(number.value) : 0;
}
