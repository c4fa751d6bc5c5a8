/** The JSON Schemas of metaflows, from the description of the API, and what is wrong with a document by them. */
import { Validator } from '@cfworker/json-schema';
import type { Metaflows } from '../../../src/generated/metaflows.js';
import { compilePattern } from '../../../src/metaflows/pattern.js';
import { components as described, type Property } from '../parts/components.js';
import { WORDS } from '../words.js';

export interface Module {
  /** The properties of its data. */
  data: Record<string, Property>;
  /** Whether something can be done after it. */
  goesOn: boolean;
}

export interface MetaflowsSchema {
  /** Of the document: scalar ones are settings. */
  properties: Record<string, Property>;
  modules: Record<string, Module>;
  /** A sentence for each thing that is wrong. */
  faultsOf: (value: unknown) => string[];
}

const ROOT = '#/components/schemas/';
/** What only says that something within it is wrong. */
const OUTER = [
  '$ref',
  'properties',
  'patternProperties',
  'additionalProperties',
  'propertyNames',
  'allOf',
  'if',
];

export async function loadSchema(): Promise<MetaflowsSchema> {
  const components = await described();
  const { Metaflows: metaflows } = components.schemas;
  const { node } = metaflows.$defs;
  const { oneOf: branches = [] } = node;
  const modules = branches.map(({ properties: { module, data, children } }): [string, Module] => {
    const part = data.$ref.slice(ROOT.length).split('/');
    const found = part.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], components.schemas);
    const { properties = {} } = found as { properties?: Record<string, Property> };
    return [module.const, { data: properties, goesOn: children.properties !== undefined }];
  });
  // By its module, so that what is told is wrong with that one and not with each other one too.
  Object.assign(node, {
    required: ['module'],
    properties: { module: { enum: modules.map(([name]) => name) } },
    allOf: branches.map((branch) => ({
      if: { required: ['module'], properties: { module: branch.properties.module } },
      then: branch,
    })),
  });
  delete node.oneOf;
  const validator = new Validator({ $ref: `${ROOT}Metaflows`, components }, '2020-12', false);
  return {
    properties: metaflows.properties,
    modules: Object.fromEntries(modules),
    faultsOf: (value) => {
      const { errors } = validator.validate(value);
      const faults = errors
        .filter(({ keyword }) => !OUTER.includes(keyword))
        .map(({ instanceLocation, keyword, error }) => {
          const place = instanceLocation.replace(/^#\/?/, '');
          return `${place === '' ? '' : `${place}: `}${keyword === 'false' ? WORDS.metaflows.unknownKey : error}`;
        });
      return faults.length > 0 ? [...new Set(faults)] : patternFaults(value as Metaflows);
    },
  };
}

function patternFaults({ patterns = {} }: Metaflows): string[] {
  return Object.keys(patterns).flatMap((source) => {
    const pattern = compilePattern(source);
    return 'refused' in pattern ? [`patterns/${source}: ${pattern.refused}`] : [];
  });
}
