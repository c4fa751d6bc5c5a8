/** The OpenAPI document, made of what the routes of the app say of themselves. */
import type { Router } from 'express';
import { componentsOf } from './components.js';
import {
  descriptionOf,
  type Described,
  type Dialect,
  type Method,
  type Operation,
  type Parameter,
  type Role,
  type Schema,
} from './operation.js';
import { responsesOf, SharedResponses, type Media, type Response, type Responses } from './responses.js';
import { HEADERS, SECURITY_SCHEMES } from './shared.js';

/** An OpenAPI 3.1 document, as far as the page about it reads it. */
export interface Document {
  openapi: string;
  info: { title: string; version: string; description: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Partial<Record<Lowercase<Method>, DocumentedOperation>>>;
  components: { schemas: Record<string, Schema>; responses: Record<string, Response> } & Record<
    string,
    object
  >;
}

export interface DocumentedOperation {
  operationId: string;
  summary: string;
  description?: string;
  tags: [string];
  security: Record<string, readonly string[]>[];
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  responses: Responses;
}

interface Route extends Described {
  /** As OpenAPI writes it. */
  path: string;
}

/** Of the routes that say something of themselves; `version` is the service's. */
export function documentOf(router: Router, version: string): Document {
  const routes = [...routesOf(router)];
  const dialects = [...new Set(routes.map(({ dialect }) => dialect))];
  const shared = new SharedResponses();
  const paths: Document['paths'] = {};
  for (const { path, dialect, name, operations } of routes) {
    const of = (paths[path] ??= {});
    for (const [method, operation] of Object.entries(operations)) {
      const verb = method.toLowerCase() as Lowercase<Method>;
      of[verb] = documented(verb + name + whoseOf(path), path, dialect, operation, shared);
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Metaflows',
      version,
      description:
        'Feature codes that record calls, beside a FreeSWITCH. One server answers to the clients of several ' +
        'systems. A token of this service is the credential of each; the roles that may do something are named ' +
        'where a token is asked for: an admin of every account (site admin) may do what an account’s admin may, and a ' +
        'user’s token acts for that user alone. Every answer has an X-Request-ID, which is in the log, and says how ' +
        'many requests the address may send.',
    },
    tags: dialects.map(({ tag, about }) => ({ name: tag, description: about })),
    paths,
    components: {
      schemas: componentsOf([paths, shared.all]),
      responses: shared.all,
      securitySchemes: SECURITY_SCHEMES,
      headers: HEADERS,
    },
  };
}

/** express lists its routes (listRoutes), and not their handlers. */
function* routesOf(router: Router, mount = ''): Generator<Route> {
  for (const { route } of router.stack) {
    const said = route?.stack.map(({ handle }) => descriptionOf(handle)).find((each) => each !== undefined);
    if (!route || !said) continue;
    for (const path of [route.path].flat()) yield { ...said, path: openApiPath(mount + path) };
  }
  const listed = (router as unknown as Listing).listRoutes();
  for (const { path, router: mounted } of listed) {
    if (mounted) yield* routesOf(mounted, mount + (path === '/' ? '' : path));
  }
}

/** What express's types do not have yet. */
interface Listing {
  listRoutes(): { path: string; router?: Router }[];
}

function openApiPath(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}

/** What tells paths apart that are described together. */
function whoseOf(path: string): string {
  const [, what] = /\/\{(user|device|type)\}/.exec(path) ?? [];
  return what === undefined ? '' : `Of${what.charAt(0).toUpperCase()}${what.slice(1)}`;
}

function documented(
  operationId: string,
  path: string,
  dialect: Dialect,
  operation: Operation,
  shared: SharedResponses,
): DocumentedOperation {
  const { summary, description, roles, query = [], body } = operation;
  return {
    operationId,
    summary,
    ...(description !== undefined && { description }),
    tags: [dialect.tag],
    security: roles ? securityOf(dialect, rolesFor(path, roles)) : [],
    parameters: [...pathParameters(path, dialect), ...query],
    ...(body && { requestBody: requestBody(body) }),
    responses: responsesOf(path, dialect, operation, shared),
  };
}

function securityOf({ security }: Dialect, roles: string[]): DocumentedOperation['security'] {
  return security.map((needed) => Object.fromEntries(needed.map((scheme) => [scheme, roles])));
}

function rolesFor(path: string, roles: readonly Role[]): string[] {
  return roles.flatMap((role) => {
    if (role !== 'owner') return [role];
    return path.includes('/{user}') ? ['user'] : [];
  });
}

function pathParameters(path: string, { tag, parameters }: Dialect): Parameter[] {
  return [...path.matchAll(/([\w-]+)\/\{(\w+)\}|\{(\w+)\}/g)].map(([, before = '', named, alone]) => {
    const name = named ?? alone ?? '';
    const known = parameters[`${before}/${name}`] ?? parameters[name];
    if (!known) throw new TypeError(`${tag} does not say what {${name}} is in ${path}`);
    return { name, in: 'path', required: true, ...known };
  });
}

function requestBody({
  schema,
  type = 'application/json',
  optional = false,
  examples = {},
}: NonNullable<Operation['body']>): NonNullable<DocumentedOperation['requestBody']> {
  const values = Object.entries(examples).map(([name, value]) => [name, { value }] as const);
  const media = {
    schema,
    ...(values.length > 0 && { examples: Object.fromEntries(values) }),
  };
  return { required: !optional, content: { [type]: media } };
}
