/** What operations answer: what there is to say where nothing is wrong, and the errors, one response for each status. */
import type { Answer, Dialect, Fault, Operation, Schema } from './operation.js';
import { HEADER_REFERENCES } from './shared.js';

export interface Media {
  schema: Schema;
  examples?: Record<string, { value: unknown }>;
}

export interface Response {
  description: string;
  headers?: object;
  content?: Record<string, Media>;
}

/** By status; what many operations answer is a reference to it. */
export type Responses = Record<string, Response | { $ref: string }>;

/** Responses that several operations have, by name: the system's, the status, and a number where there are several. */
export class SharedResponses {
  readonly all: Record<string, Response> = {};
  readonly #names = new Map<string, string>();

  /** A reference to a response like this one. */
  refer(stem: string, response: Response): { $ref: string } {
    const text = stem + JSON.stringify(response);
    const name = this.#names.get(text) ?? this.#newName(stem);
    this.#names.set(text, name);
    this.all[name] = response;
    return { $ref: `#/components/responses/${name}` };
  }

  #newName(stem: string): string {
    for (let number = 2, name = stem; ; number++, name = `${stem}-${number}`) {
      if (!(name in this.all)) return name;
    }
  }
}

export function responsesOf(
  path: string,
  dialect: Dialect,
  operation: Operation,
  shared: SharedResponses,
): Responses {
  const errors = errorsOf(path, dialect, operation).map(
    ([status, response]) => [status, shared.refer(dialect.tag + status, response)] as const,
  );
  return { ...answersOf(dialect, operation), ...Object.fromEntries(errors) };
}

function answersOf(dialect: Dialect, { answer, status = 200, answers = {} }: Operation): Responses {
  const told = new Map(Object.entries(answers));
  if (answer) {
    const { description = 'Done.', content = {} } = answers[status] ?? {};
    const json = dialect.answer?.(answer) ?? answer;
    told.set(String(status), { description, content: { 'application/json': json, ...content } });
  }
  return Object.fromEntries([...told].map(([each, response]) => [each, responseOf(dialect, response)]));
}

/** Each names its codes. */
function errorsOf(path: string, dialect: Dialect, operation: Operation): [status: string, Response][] {
  const byStatus = new Map<string, string[]>();
  for (const code of new Set([...dialect.common(operation, path), ...(operation.errors ?? [])])) {
    const status = String(faultOf(dialect, code).status);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const responses = [...byStatus].map(([status, codes]): [string, Answer] => {
    const description = codes.map((code) => `${code}: ${faultOf(dialect, code).message}`).join('; ');
    const content = dialect.error(codes);
    return [status, { description, ...(content && { content }) }];
  });
  const content = dialect.error([]);
  if (content)
    responses.push(['5XX', { description: 'The switch, the disk or the service failed.', content }]);
  return responses.map(([status, answer]) => [status, responseOf(dialect, answer)]);
}

function faultOf({ tag, faults }: Dialect, code: string): Fault {
  const fault = faults[code];
  if (!fault) throw new TypeError(`${tag} has no error ${code}`);
  return fault;
}

function responseOf({ isCounted }: Dialect, { description, content = {} }: Answer): Response {
  const media = Object.entries(content).map(([type, schema]) => [type, { schema }] as const);
  return {
    description,
    ...(isCounted && { headers: HEADER_REFERENCES }),
    ...(media.length > 0 && { content: Object.fromEntries(media) }),
  };
}
