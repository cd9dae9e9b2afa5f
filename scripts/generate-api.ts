/**
 * Makes `src/cluster/api/generated/` and `src/cluster/client/generated/` from the models of `@kubernetes/client-node`: TypeScript types, the schemas that the
 * server decodes by, and the descriptions that only `explain` needs. Run by `npm ci`; where the package is not installed
 * (a production install has the bundle) it does nothing.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { modelOf, RESOURCE_ROWS } from '../src/cluster/api/resource-rows.ts';

const root = new URL('..', import.meta.url).pathname;
const modelsDir = join(root, 'node_modules/@kubernetes/client-node/dist/gen/models');
const outDir = join(root, 'src/cluster/api/generated');
const clientOutDir = join(root, 'src/cluster/client/generated');

interface Attribute {
  readonly name: string;
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}
interface Field extends Attribute {
  readonly required: boolean;
  readonly description: string;
}
interface Model {
  readonly name: string;
  readonly description: string;
  readonly fields: readonly Field[];
}

async function readModels(): Promise<readonly Model[]> {
  const names = (await readdir(modelsDir))
    .filter((file) => file.endsWith('.d.ts') && !/^(ObjectSerializer|all)\./.test(file))
    .map((file) => file.slice(0, -'.d.ts'.length));
  return Promise.all(names.sort().map(readModel));
}

async function readModel(name: string): Promise<Model> {
  const declaration = await readFile(join(modelsDir, `${name}.d.ts`), 'utf8');
  // The module's one export bears the file's name; its shape is that of the generator that made it.
  const module = (await import(pathToFileURL(join(modelsDir, `${name}.js`)).href)) as Record<string, { attributeTypeMap?: readonly Attribute[] }>;
  const attributes = module[name]?.attributeTypeMap ?? [];
  const documented = new Map<string, { required: boolean; description: string }>();
  for (const match of declaration.matchAll(/\/\*\*\n((?:(?!\*\/)[\s\S])*?)\*\/\s+'(\w+)'(\??):/g))
    documented.set(match[2] ?? '', { required: match[3] === '', description: prose(match[1] ?? '') });
  for (const match of declaration.matchAll(/^ {4}'(\w+)'(\??):/gm)) {
    const key = match[1] ?? '';
    if (!documented.has(key)) documented.set(key, { required: match[2] === '', description: '' });
  }
  const head = /\/\*\*\n((?:\* [\s\S]*?\n)*)\*\/\nexport declare class/.exec(declaration);
  return {
    name,
    description: prose(head?.[1] ?? ''),
    fields: attributes.map((attribute) => ({ ...attribute, ...(documented.get(attribute.name) ?? { required: false, description: '' }) })),
  };
}

function prose(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join(' ')
    .replaceAll('\\"', '"')
    .replaceAll("\\'", "'")
    .trim();
}

/** A kind that can be asked for by itself has these three. */
function isTopLevel(model: Model): boolean {
  return ['apiVersion', 'kind', 'metadata'].every((name) => model.fields.some((field) => field.name === name));
}

function typeText(type: string): string {
  const array = /^Array<(.+)>$/.exec(type);
  if (array) return `${typeText(array[1] ?? '')}[]`;
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type);
  if (map) return `Record<string, ${typeText(map[1] ?? '')}>`;
  if (type === 'Date' || type === 'V1MicroTime') return 'string';
  if (type === 'any' || type === 'object') return 'unknown';
  if (type === 'IntOrString') return 'IntOrString';
  return type;
}

function interfaceText(model: Model): string {
  if (model.name === 'V1ObjectMeta') return 'export type V1ObjectMeta = ObjectMeta;';
  const top = isTopLevel(model);
  const lines = model.fields.map(({ baseName, type, required }) => {
    const always = required || (top && ['apiVersion', 'kind', 'metadata'].includes(baseName));
    const key = /^[A-Za-z_$][\w$]*$/.test(baseName) ? baseName : JSON.stringify(baseName);
    return `  ${key}${always ? '' : '?'}: ${typeText(type)};`;
  });
  return `export interface ${model.name} {\n${lines.join('\n')}\n}`;
}

/** `[type, format, required]` by field name: what decoding needs, and no more. */
function schemaOf(model: Model): Record<string, readonly [string, string, 0 | 1]> {
  return Object.fromEntries(model.fields.map(({ baseName, type, format, required }) => [baseName, [type, format, required ? 1 : 0] as const]));
}

function descriptionOf(model: Model): { text: string; fields: Record<string, string> } {
  return {
    text: model.description,
    fields: Object.fromEntries(model.fields.filter(({ description }) => description !== '').map(({ baseName, description }) => [baseName, description])),
  };
}

/** A line for each: its name, a tab, what `of` says of it in JSON. */
function modelLines(models: readonly Model[], of: (model: Model) => object): string {
  return models.map((model) => `${model.name}\t${JSON.stringify(of(model))}\n`).join('');
}

/** A constant for each kind that is served: the preferred version by the kind's name, others with theirs. */
function kindsText(): string {
  const names = new Set<string>();
  const constants = RESOURCE_ROWS.map((row) => {
    const { group, version = 'v1', kind, resource, cluster } = row;
    const others = [kind, `${kind}${version[0]?.toUpperCase()}${version.slice(1)}`, `${group.split('.')[0]}${kind}`];
    const name = others.map((one) => one[0]?.toUpperCase() + one.slice(1)).find((one) => !names.has(one));
    if (name === undefined) throw new Error(`no name is left for ${group}/${version} ${kind}`);
    names.add(name);
    const apiVersion = group === '' ? version : `${group}/${version}`;
    return `/** ${apiVersion} ${kind}. */\nexport const ${name} = kindRef<models.${modelOf(row)}>({ apiVersion: '${apiVersion}', kind: '${kind}', resource: '${resource}', namespaced: ${cluster !== true} });`;
  });
  return `// Generated by scripts/generate-api.ts; not to be edited.\nimport type * as models from '#cluster/api';\nimport { kindRef } from '../kind-ref.ts';\n\n${constants.join('\n')}\n`;
}

async function main(): Promise<void> {
  if (!existsSync(modelsDir)) return;
  const models = await readModels();
  if (models.length < 500) throw new Error(`found only ${models.length} models in ${modelsDir}`);
  await mkdir(outDir, { recursive: true });
  const head =
    "// Generated by scripts/generate-api.ts; not to be edited.\nimport type { ObjectMeta } from '../types.ts';\n\nexport type IntOrString = number | string;\n\n";
  await writeFile(join(outDir, 'types.ts'), `${head}${models.map(interfaceText).join('\n\n')}\n`);
  await mkdir(clientOutDir, { recursive: true });
  await writeFile(join(clientOutDir, 'kinds.ts'), kindsText());
  await writeFile(join(outDir, 'schemas.tsv'), modelLines(models, schemaOf));
  await writeFile(join(outDir, 'descriptions.tsv'), modelLines(models, descriptionOf));
}

await main();
