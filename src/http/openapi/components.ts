/** The components of the document: schemas/, and what is answered, schemas/answers/. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Parameter, Schema } from './operation.js';

const folder = new URL('../../../schemas/', import.meta.url);

/** What references call a file of schemas/: the title of its schema. */
const TITLES = new Map<string, string>();
const SCHEMAS: Record<string, Schema> = {};

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const { $id, ...schema } = read(file);
  const { title } = schema as { title?: string };
  if (title === undefined) throw new TypeError(`schemas/${file} has no title`);
  TITLES.set(file, title);
  SCHEMAS[title] = schema;
}
for (const [title, schema] of Object.entries(SCHEMAS)) SCHEMAS[title] = linked(schema, title) as Schema;
for (const file of readdirSync(new URL('answers/', folder))) Object.assign(SCHEMAS, read(`answers/${file}`));
SCHEMAS['Recording'] = withoutInternals(SCHEMAS['RecordingDocument'] ?? {});

/** Throws where there is none. */
function component(title: string): Schema {
  const found = SCHEMAS[title];
  if (!found) throw new TypeError(`there is no schema ${title}`);
  return found;
}

/** A parameter of the query for each property of the schema of this title; `examples` by name. */
export function parametersOf(title: string, examples: Record<string, unknown> = {}): Parameter[] {
  const { properties, required = [] } = component(title) as {
    properties: Record<string, Schema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    ...(required.includes(name) && { required: true }),
    ...(typeof description === 'string' && { description }),
    schema,
    ...(name in examples && { example: examples[name] }),
  }));
}

/** Every component that `document` refers to, and those that they refer to. */
export function componentsOf(document: object): Record<string, Schema> {
  const found = new Map<string, Schema>();
  const collect = (part: object): void => {
    for (const [, title = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/(\w+)/g)) {
      if (found.has(title)) continue;
      found.set(title, component(title));
      collect(component(title));
    }
  };
  collect(document);
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function read(file: string): Record<string, Schema> {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Record<string, Schema>;
}

/** A schema of the file whose title is `title`, with its references as they are among components. */
function linked(value: unknown, title: string): unknown {
  if (Array.isArray(value)) return value.map((each) => linked(each, title));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]: [string, unknown]) => {
      if (key !== '$ref') return [key, linked(each, title)];
      const [file = '', pointer = ''] = String(each).split('#');
      return [key, `#/components/schemas/${file === '' ? title : (TITLES.get(file) ?? file)}${pointer}`];
    }),
  );
}

/** A recording as an API shows it. */
function withoutInternals(document: Schema): Schema {
  const { internal, ...properties } = document['properties'] as Record<string, Schema>;
  const required = (document['required'] as string[]).filter((key) => key !== 'internal');
  return { ...document, title: 'Recording', description: 'A recording.', required, properties };
}
