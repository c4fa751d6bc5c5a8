/**
 * What a route says of itself for the description of the API: it stands beside the route, as its first handler. Each
 * system has a dialect, which says what all of its routes have in common.
 */
import type { NextFunction } from 'express';

/** A JSON Schema (2020-12), with references to components alone. */
export type Schema = Readonly<Record<string, unknown>>;

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

/** Who may ask: the roles of tokens; `site admin` is the admin of every account, `owner` the user that the path names. */
export type Role = 'site admin' | 'admin' | 'user' | 'owner' | 'viewer';

export interface Parameter {
  name: string;
  in: 'path' | 'query';
  required?: boolean;
  description?: string;
  schema: Schema;
  example?: unknown;
}

/** Schemas by media type. */
export type Content = Readonly<Record<string, Schema>>;

export interface Answer {
  description: string;
  /** None: no body. */
  content?: Content;
}

export interface Operation<Code extends string = string> {
  summary: string;
  description?: string;
  /** None: no token is needed. */
  roles?: readonly Role[];
  query?: readonly Parameter[];
  body?: {
    schema: Schema;
    /** `application/json` where none is given. */
    type?: string;
    optional?: boolean;
    /** By what each shows. */
    examples?: Readonly<Record<string, unknown>>;
  };
  /** JSON, around which stands what the dialect puts there. */
  answer?: Schema;
  /** Of {@link answer}; 200 where none is given. */
  status?: number;
  /** What else is answered, by status, or in which other forms. */
  answers?: Readonly<Record<number, Answer>>;
  /** Beside those that all have. */
  errors?: readonly Code[];
}

/** What can go wrong, and the status that it is answered with. */
export interface Fault {
  status: number;
  message: string;
}

export interface Dialect<Code extends string = string> {
  tag: string;
  about: string;
  /** Names of security schemes, each alternative with all that it needs; those who need no token are asked for none. */
  security: readonly (readonly string[])[];
  /** Path parameters, by name; where a name has several meanings, by the part of the path before it and the name. */
  parameters: Readonly<Record<string, Pick<Parameter, 'description' | 'schema' | 'example'>>>;
  /** Whether its requests have an id, and count against the limit of requests. */
  isCounted: boolean;
  faults: Readonly<Record<Code, Fault>>;
  /** What can go wrong with every operation that is like this. */
  common(operation: Pick<Operation, 'roles' | 'query' | 'body'>, path: string): readonly Code[];
  /** The body of an answer that has one of these codes; of none in particular: that the service failed. */
  error(codes: readonly Code[]): Content | undefined;
  /** What stands around an answer. */
  answer?(schema: Schema): Schema;
}

export interface Described {
  dialect: Dialect;
  /** What it is about, unique: with the method, and whose it is, the name of an operation. */
  name: string;
  operations: Partial<Record<Method, Operation>>;
}

const DESCRIBED = new WeakMap<object, Described>();

/** A handler that does nothing but say what its route is. */
export function described<Code extends string>(
  dialect: Dialect<Code>,
  name: string,
  operations: Partial<Record<Method, Operation<Code>>>,
): (req: unknown, res: unknown, next: NextFunction) => void {
  const handler = (_req: unknown, _res: unknown, next: NextFunction) => next();
  DESCRIBED.set(handler, { dialect, name, operations });
  return handler;
}

/** What a handler says of its route, if it is one of {@link described}'s. */
export function descriptionOf(handler: object): Described | undefined {
  return DESCRIBED.get(handler);
}

/** The component of this name: a schema's title. */
export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

export function listOf(items: Schema): Schema {
  return { type: 'array', items };
}

export const READERS: readonly Role[] = ['admin', 'user', 'viewer'];
export const WRITERS: readonly Role[] = ['admin', 'user'];

/** A table of faults, by code, from one whose rows begin with a status and end with a message. */
export function faultsOf<Code extends string | number>(
  table: Readonly<Record<Code, readonly [status: number, ...texts: string[]]>>,
): Record<`${Code}`, Fault> {
  return Object.fromEntries(
    Object.entries<readonly [number, ...string[]]>(table).map(([code, [status, ...texts]]) => [
      code,
      { status, message: texts.at(-1) ?? '' },
    ]),
  ) as Record<`${Code}`, Fault>;
}
