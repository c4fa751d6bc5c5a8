/**
 * What a webhook is sent, and how that is signed: as https://www.standardwebhooks.com has it, so that there are
 * libraries that check it. Pure.
 */
import { createHmac, randomBytes, sign, type KeyObject } from 'node:crypto';
import type { WebhookSettings } from '../generated/webhook.js';
import type { Webhook } from '../store/webhooks.js';
import type { Notice } from './notice.js';
import type { Outgoing } from './send.js';

/** Milliseconds that a receiver gets to answer. */
const LIMIT_MS = 30_000;
const USER_AGENT = 'metaflows';
const SECRET_PREFIX = 'whsec_';

/** How a system words what its webhooks are told, and how it signs that, where it does so in its own way. */
export interface WebhookFormat {
  /** The body, JSON; undefined where the system tells nothing of such an event. */
  body(notice: Notice): object | undefined;
  /** The headers that prove a request. */
  signature(request: SignedRequest): Record<string, string>;
}

export interface SignedRequest {
  id: string;
  url: string;
  body: string;
  /** Epoch, milliseconds. */
  at: number;
  /** The webhook's, where it has one. */
  secret: string | undefined;
  /** Ed25519, private. */
  key: KeyObject;
}

/** By what a webhook calls its format. */
export type WebhookFormats = Readonly<Record<string, WebhookFormat>>;

/** Whether the webhook wants to be told of `event`. */
export function wants({ hook, enabled = true }: WebhookSettings, event: string): boolean {
  return enabled && (hook === 'all' || hook === event || event.startsWith(`${hook}.`));
}

/** The request that tells `notice`, signed at `at` (epoch, milliseconds) with the webhook's secret or with `key`. */
export function webhookRequest(
  { settings, secret }: Webhook,
  notice: Notice,
  key: KeyObject,
  at: number,
  format?: WebhookFormat,
): Outgoing {
  if (format) {
    const body = JSON.stringify(format.body(notice) ?? {});
    const request = { id: notice.id, url: settings.uri, body, at, secret, key };
    return post(settings.uri, body, 'application/json', format.signature(request));
  }
  const json = settings.format === 'json';
  const signed = (content: string) => ({
    'webhook-id': notice.id,
    'webhook-timestamp': String(Math.floor(at / 1000)),
    'webhook-signature': signature(secret ?? key, [notice.id, Math.floor(at / 1000), content].join('.')),
  });
  if (settings.http_verb === 'get') {
    const url = new URL(settings.uri);
    const query = formOf(notice);
    url.search = [url.search.slice(1), query].filter(Boolean).join('&');
    return {
      method: 'GET',
      url: url.href,
      headers: { 'User-Agent': USER_AGENT, ...signed(query) },
      limitMs: LIMIT_MS,
    };
  }
  const body = json ? JSON.stringify(notice) : formOf(notice);
  return post(
    settings.uri,
    body,
    json ? 'application/json' : 'application/x-www-form-urlencoded',
    signed(body),
  );
}

function post(url: string, body: string, type: string, signature: Record<string, string>): Outgoing {
  const headers = {
    'User-Agent': USER_AGENT,
    ...signature,
    'Content-Type': type,
    'Content-Length': String(Buffer.byteLength(body)),
  };
  return { method: 'POST', url, headers, body, limitMs: LIMIT_MS };
}

/** A new secret, in the form that the libraries know. */
export function newSecret(): string {
  return SECRET_PREFIX + randomBytes(32).toString('base64');
}

function signature(key: string | KeyObject, content: string): string {
  if (typeof key !== 'string') return `v1a,${sign(null, Buffer.from(content), key).toString('base64')}`;
  const bytes = Buffer.from(key.slice(SECRET_PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', bytes).update(content).digest('base64')}`;
}

/** Kazoo's form of nested values: `recording[segments][][file]=…` (kz_http_util.erl, json_to_querystring). */
export function formOf(notice: Notice): string {
  const pairs: [string, string][] = [];
  const add = (name: string, value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) add(`${name}[]`, item);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) add(name ? `${name}[${key}]` : key, item);
    } else if (value !== undefined)
      pairs.push([name, typeof value === 'string' ? value : JSON.stringify(value)]);
  };
  add('', notice);
  return new URLSearchParams(pairs).toString();
}
