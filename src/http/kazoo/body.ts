/** Request bodies: JSON whatever their Content-Type says, since curl calls the JSON of Kazoo's examples a form. */
import type { Request } from 'express';
import { invalid, invalidJson } from './answers.js';

/** Nothing valid is nested nearly as deep, and what recurses through a body needs no guard of its own. */
const MAX_LEVELS = 64;

/** The body's object, {} where there is no body. */
export function bodyOf(req: Request): Record<string, unknown> {
  const text: unknown = req.body;
  if (typeof text !== 'string' || text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidJson(complaint(text));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidJson('not an object');
  if (isDeeper(value, MAX_LEVELS)) throw invalidJson(`nested deeper than ${MAX_LEVELS} levels`);
  return value as Record<string, unknown>;
}

/** The `data` of a body. */
export function dataOf(body: Record<string, unknown>): unknown {
  if (body['data'] === undefined) {
    throw invalid({ data: { required: { message: 'Field is required but missing' } } });
  }
  return body['data'];
}

/** In the words of jiffy, Kazoo's parser, which counts from 1 and stops behind the end of what is too short. */
function complaint(text: string): string {
  if (isBeginning(text)) return `truncated_json around ${text.length + 1}`;
  let [good, bad] = [0, text.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isBeginning(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return `invalid_json around ${bad}`;
}

/** Whether a text is JSON, or could be if it went on. */
function isBeginning(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const { message } = error as SyntaxError;
    const [, position = ''] = /at position (\d+)/.exec(message) ?? [];
    return message.includes('end of JSON') || Number(position) === text.length;
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  let level = [value];
  for (let depth = 0; depth <= levels && level.length > 0; depth++) {
    level = level.flatMap((item): unknown[] =>
      typeof item === 'object' && item !== null ? Object.values(item) : [],
    );
  }
  return level.length > 0;
}
