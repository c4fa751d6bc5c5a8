/**
 * Links to audio that need no token, for systems whose clients fetch a recording by a URL alone: they say until when
 * they are good, and are signed.
 */
import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { Router, type Request } from 'express';
import { eventOf } from '../audit/events.js';
import type { RecordingDocument } from '../generated/recording.js';
import { AUDIO, hasAudio, sendAudio } from './audio.js';
import { LINK, SERVICE } from './dialect.js';
import { forbidden, notFound } from './errors.js';
import { described } from './openapi/operation.js';
import type { Deps } from './ports.js';

/** How long a link is good, milliseconds: as long as Telnyx's. */
export const GOOD_MS = 600_000;

export class Links {
  private readonly publicKey: KeyObject;

  /** `key` is Ed25519, private; `base` says where clients reach the API. */
  constructor(
    private readonly key: KeyObject,
    private readonly base: () => string,
    private readonly now: () => number = Date.now,
  ) {
    this.publicKey = createPublicKey(key);
  }

  /** Where the audio is to be had from now on for {@link GOOD_MS}. */
  audio({ account_id, id, media_type }: Pick<RecordingDocument, 'account_id' | 'id' | 'media_type'>): string {
    const path = `/media/${encodeURIComponent(account_id)}/${id}.${media_type}`;
    const expires = Math.floor((this.now() + GOOD_MS) / 1000);
    const signature = sign(null, content(path, String(expires)), this.key).toString('base64url');
    return `${this.to(path)}?expires=${expires}&signature=${signature}`;
  }

  /** Where clients reach a path of the API. */
  to(path: string): string {
    return this.base() + path;
  }

  /** Whether a request is one of the links that {@link audio} gave, and still good. */
  opens({ path, query }: Request): boolean {
    const { expires, signature } = query;
    if (typeof expires !== 'string' || typeof signature !== 'string') return false;
    const isGenuine = verify(
      null,
      content(path, expires),
      this.publicKey,
      Buffer.from(signature, 'base64url'),
    );
    return isGenuine && Number(expires) * 1000 > this.now();
  }
}

export function mediaRouter({ links, store, recordingsMount }: Deps): Router {
  const router = Router();
  const says = described(SERVICE, 'Media', {
    GET: {
      summary: 'The audio of a recording, by a link that was given by another answer.',
      description: 'A link is good for ten minutes. Range is honoured.',
      query: LINK,
      answers: {
        200: { description: 'The audio.', content: AUDIO },
        206: { description: 'The part of it that Range asks for.', content: AUDIO },
      },
      errors: ['forbidden', 'not_found', 'recording_running', 'file_gone'],
    },
  });
  router.get('/media/:account/:id.:extension', says, async (req, res) => {
    if (!links.opens(req)) throw forbidden();
    const { account, id } = req.params;
    const found = await store.recordings.get(account, id);
    if (!found) throw notFound();
    await hasAudio(found, recordingsMount);
    // Whom a link was given to is not known.
    const download = { action: 'download', by: 'api', at: new Date().toISOString(), result: 'ok' } as const;
    if (req.method !== 'HEAD') await store.audit.append(eventOf(found, download));
    await sendAudio(res, found, recordingsMount);
  });
  return router;
}

/** No webhook's signature can pass for one of a link: what it signs begins with an id or with a time. */
function content(path: string, expires: string): Buffer {
  return Buffer.from(`link\n${path}\n${expires}`);
}
