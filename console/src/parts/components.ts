/** The JSON Schemas of what the API takes, from its own description. */
import { send } from '../api.js';

/** Of an object: a single value, an object with properties of its own, or with keys of any name. */
export interface Property {
  type?: string | string[];
  enum?: (string | number)[];
  const?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  pattern?: string;
  properties?: Record<string, Property>;
  required?: string[];
  patternProperties?: object;
  additionalProperties?: boolean | object;
}

/** A module, as a node of metaflows has it. */
interface Branch {
  properties: {
    module: { const: string };
    data: { $ref: string };
    children: { properties?: Record<string, object> };
  };
}

/** Those that the console draws forms of, by their titles. */
export interface Schemas {
  Metaflows: { properties: Record<string, Property>; $defs: { node: { oneOf?: Branch[] } } };
  WebhookSettings: { properties: Record<string, Property>; required: string[] };
}

/** Anew each time, for whoever changes them. */
export async function components(): Promise<{ schemas: Schemas }> {
  const document = (await (await send('GET', '/openapi.json')).json()) as {
    components: { schemas: Schemas };
  };
  return document.components;
}
