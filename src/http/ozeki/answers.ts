/** Ozeki's answers: XML with one of its codes and messages, always with HTTP 200. */
import type { Response } from 'express';
import { XMLBuilder } from 'fast-xml-parser';

/** Ozeki's own words (its page of status codes); `{0}` and `{1}` vary. */
export const MESSAGES = {
  200: 'Command successfully executed',
  300: "Error occured during parsing message: '{0}'",
  301: "Not implemented command: '{0}'",
  302: "Missing or invalid parameter '{0}' for command '{1}'",
  303: "Command '{0}' cannot be used here",
  304: 'Authentication required',
  305: 'Authentication failed, bad username or password',
  306: 'User is not allowed to use API in ACL',
  307: 'Use API from this address is forbidden',
  601: "Call not found with ID '{0}'",
} as const;

export type Code = keyof typeof MESSAGES;

/** More of what was sent is not repeated. */
const MAX_REPEATED = 200;

const NAMESPACES = {
  '@xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
  '@xmlns:xsd': 'http://www.w3.org/2001/XMLSchema',
};

// eslint-disable-next-line @typescript-eslint/no-deprecated -- its successor is a part of it, and no package of ours
const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@' });

/** An error that Ozeki has a code for; `words` stand for what varies in its message. */
export class OzekiError extends Error {
  override readonly name = 'OzekiError';

  constructor(
    readonly code: Exclude<Code, 200>,
    ...words: string[]
  ) {
    super(messageOf(code, words));
  }
}

export function answer(res: Response, code: Code, message: string): void {
  const document = {
    '?xml': { '@version': '1.0' },
    Response: { ...NAMESPACES, Code: code, Message: message },
  };
  res.status(200).set('Cache-Control', 'no-store').type('application/xml').send(builder.build(document));
}

function messageOf(code: Code, words: string[]): string {
  return MESSAGES[code].replace(/\{(\d)\}/g, (_, index) => repeatable(words[Number(index)] ?? ''));
}

/** Nothing that XML cannot hold. */
function repeatable(text: string): string {
  return text.slice(0, MAX_REPEATED).replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, '\uFFFD');
}
