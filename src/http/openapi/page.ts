/** The page about the API: the document for people, without scripts. */
import type { Document, DocumentedOperation } from './document.js';
import { html, Html } from './html.js';
import type { Schema } from './operation.js';
import type { Media, Response, Responses } from './responses.js';
import { STYLE } from './style.js';

/** Byte by byte as the policy of the page permits it. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);

export function pageOf({ info, tags, paths, components }: Document): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const sections = tags.map(
    ({ name, description }) => html`
      <section aria-labelledby="${name}">
        <h2 id="${name}">${name}</h2>
        <p>${description}</p>
        ${operations
          .filter(({ operation }) => operation.tags[0] === name)
          .map(({ path, method, operation }) => operationOf(path, method, operation, components.responses))}
      </section>
    `,
  );
  const schemas = Object.entries(components.schemas);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${info.title} ${info.version}: the API</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header>
          <h1>${info.title} ${info.version}: the API</h1>
          <p>${info.description} For machines: <a href="/openapi.json">openapi.json</a>.</p>
        </header>
        <nav aria-label="Contents">
          <ul>
            ${tags.map(({ name }) => html`<li><a href="#${name}">${name}</a></li>`)}
            <li><a href="#Schemas">Schemas</a></li>
          </ul>
        </nav>
        <main>
          ${sections}
          <section aria-labelledby="Schemas">
            <h2 id="Schemas">Schemas</h2>
            ${schemas.map(schemaOf)}
          </section>
        </main>
      </body>
    </html> `.toString();
}

/** The link to it leads inside, which opens it. */
function schemaOf([name, schema]: [string, Schema]): Html {
  return html`
    <details>
      <summary><h3>${name}</h3></summary>
      <div id="${name}">${shown(schema)}</div>
    </details>
  `;
}

function operationOf(
  path: string,
  method: string,
  operation: DocumentedOperation,
  shared: Record<string, Response>,
): Html {
  const { operationId, summary, description, security, parameters, requestBody, responses } = operation;
  const roles = [...new Set(security.flatMap((schemes) => Object.values(schemes).flat()))];
  return html`
    <details id="${operationId}">
      <summary><b>${method}</b> <code>${path}</code> ${summary}</summary>
      ${description !== undefined && html`<p>${description}</p>`}
      <p>
        ${
          roles.length === 0
            ? 'No token is needed.'
            : `With a token of: ${roles.join(', ')}. It is shown as ${security.map((schemes) => Object.keys(schemes).join(' and ')).join(', or ')}.`
        }
      </p>
      ${
        parameters.length > 0 &&
        html`<h3>Parameters</h3>
          <table>
            ${parameters.map((parameter) =>
              row(
                html`<code>${parameter.name}</code>`,
                html`${parameter.in}${parameter.required === true && ', required'}`,
                html`${words(parameter.schema)}${
                  parameter.example !== undefined &&
                  html`, such as <code>${JSON.stringify(parameter.example)}</code>`
                }`,
                html`${parameter.description}`,
              ),
            )}
          </table>`
      }
      ${
        requestBody &&
        html`<h3>Body</h3>
          ${Object.entries(requestBody.content).map(media)}`
      }
      <h3>Answers</h3>
      <table>
        ${Object.entries(responses).map(([status, response]) =>
          row(html`<code>${status}</code>`, answerOf(resolved(response, shared), status < '4')),
        )}
      </table>
    </details>
  `;
}

function resolved(response: Responses[string], shared: Record<string, Response>): Response {
  if (!('$ref' in response)) return response;
  const found = shared[response.$ref.split('/').at(-1) ?? ''];
  if (!found) throw new TypeError(`there is no ${response.$ref}`);
  return found;
}

/** Of an error, its description says all. */
function answerOf({ description, content = {} }: Response, isWhole: boolean): Html {
  return html`${description}${isWhole && Object.entries(content).map(media)}`;
}

function media([type, { schema, examples = {} }]: [string, Media]): Html {
  return html`
    <p><code>${type}</code></p>
    ${Object.keys(schema).length > 0 && shown(schema)}
    ${Object.entries(examples).map(
      ([name, { value }]) => html`
        <p>${name}:</p>
        <pre>${typeof value === 'string' ? value : JSON.stringify(value, null, 2)}</pre>
      `,
    )}
  `;
}

function row(name: Html, ...cells: Html[]): Html {
  return html`<tr>
    <th scope="row">${name}</th>
    ${cells.map((cell) => html`<td>${cell}</td>`)}
  </tr>`;
}

/** A schema with its properties, those of objects within it too. */
function shown(schema: Schema): Html {
  const { description, properties, required = [], patternProperties, $defs } = schema as Objects;
  const named = Object.entries({ ...properties, ...patternProperties });
  return html`
    <p>${words(schema)}${typeof description === 'string' && html`: ${description}`}</p>
    ${
      named.length > 0 &&
      html`<table>
        ${named.map(([name, property]) =>
          row(
            html`<code>${name}</code>${required.includes(name) && ', required'}`,
            isDeep(property) ? shown(property) : html`${words(property)}`,
            html`${!isDeep(property) && (property as Objects).description}`,
          ),
        )}
      </table>`
    }
    ${Object.entries($defs ?? {}).map(
      ([name, each]) =>
        html`<h4>${name}</h4>
          ${shown(each)}`,
    )}
  `;
}

interface Objects {
  description?: string;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  required?: string[];
  $defs?: Record<string, Schema>;
}

function isDeep(schema: Schema): boolean {
  return 'properties' in schema;
}

/** What a value may be. */
function words(schema: Schema): Html {
  const { $ref, type, items, enum: values, allOf, oneOf, anyOf } = schema as Choices;
  if ($ref !== undefined) {
    const [name = '', ...inner] = $ref.split('/').slice(3);
    const part = inner.filter((_, index) => index % 2 === 1);
    return html`<a href="#${name}">${[name, ...part].join('.')}</a>`;
  }
  const all = allOf ?? [];
  const some = oneOf ?? anyOf ?? [];
  const parts = [
    ...all.map(words),
    some.length > 0 && listed(some.map(alternative)),
    type !== undefined && html`${[type].flat().join(' or ')}`,
    items && html`of ${alternative(items)}`,
    values && listed(values.map((value) => html`<code>${String(value)}</code>`)),
    'const' in schema && html`<code>${String(schema['const'])}</code>`,
  ].filter((part) => part instanceof Html);
  const limits = LIMITS.filter((limit) => limit in schema);
  return html`${listed(parts, ' ')}${limits.map((limit) => html`, ${limit} <code>${String(schema[limit])}</code>`)}`;
}

interface Choices {
  $ref?: string;
  type?: string | string[];
  items?: Schema;
  enum?: unknown[];
  allOf?: Schema[];
  oneOf?: Schema[];
  anyOf?: Schema[];
}

const LIMITS = [
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'maxProperties',
  'pattern',
  'format',
];

function alternative(schema: Schema): Html {
  return isDeep(schema) ? shown(schema) : words(schema);
}

function listed(parts: Html[], separator = ', '): Html {
  return html`${parts.map((part, index) => html`${index > 0 && separator}${part}`)}`;
}
