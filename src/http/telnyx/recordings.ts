/** `GET /v2/recordings`, `GET` and `DELETE /v2/recordings/{id}`: the recordings that are completed, and no others. */
import type { Router } from 'express';
import type { AuditEvent } from '../../audit/events.js';
import type { TelnyxRecordingsQuery } from '../../generated/telnyx-recordings-query.js';
import type { RecordingDocument } from '../../generated/recording.js';
import { validate } from '../../schemas.js';
import { authenticated } from '../access.js';
import { accounted, actorOf, attempted } from '../accounting.js';
import { forbidden } from '../errors.js';
import {
  allRecordings,
  endedAt,
  findRecording,
  startedAt,
  uuidOf,
  type PublicRecording,
} from '../library.js';
import type { Links } from '../links.js';
import { parametersOf } from '../openapi/components.js';
import { described, READERS, ref, WRITERS } from '../openapi/operation.js';
import type { Deps } from '../ports.js';
import { TELNYX } from './dialect.js';
import { invalidValues, noSuchRecording } from './errors.js';

const PAGE_SIZE = 20;

export function recordings(router: Router, { store, links, removal }: Deps): void {
  const audit = (event: AuditEvent) => store.audit.append(event);

  const list = described(TELNYX, 'TelnyxRecordings', {
    GET: {
      summary: 'The completed recordings, the newest first, in pages.',
      roles: READERS,
      query: parametersOf('TelnyxRecordingsQuery', {
        'page[size]': 10,
        'filter[created_at][gte]': '2026-01-01T00:00:00Z',
      }),
      answer: ref('TelnyxRecordings'),
    },
  });
  router.get('/v2/recordings', list, async (req, res) => {
    const principal = authenticated(req, res, store.tokens);
    const query = queryOf(req.query);
    const { 'page[number]': number = 1, 'page[size]': size = PAGE_SIZE } = query;
    const data: object[] = [];
    let total = 0;
    // The number of pages is asked for too, so that all that match have to be counted.
    for await (const doc of allRecordings(store.recordings, principal, boundsOf(query))) {
      if (doc.state !== 'completed' || !matches(doc, query)) continue;
      total += 1;
      if (Math.ceil(total / size) === number) data.push(shownRecording(doc, links));
    }
    res.json({
      data,
      meta: {
        page_number: number,
        page_size: size,
        total_pages: Math.ceil(total / size),
        total_results: total,
      },
    });
  });

  const one = described(TELNYX, 'TelnyxRecording', {
    GET: {
      summary: 'A completed recording.',
      roles: READERS,
      answer: ref('TelnyxOneRecording'),
      errors: ['10005'],
    },
    DELETE: {
      summary: 'Deletes a recording, and answers with what it was.',
      roles: WRITERS,
      answer: ref('TelnyxOneRecording'),
      errors: ['10005', '10010'],
    },
  });
  router.get('/v2/recordings/:id', one, async (req, res) => {
    const principal = authenticated(req, res, store.tokens);
    const found = await findRecording(store.recordings, principal, req.params.id);
    res.json({ data: shownRecording(completed(found), links) });
  });

  router.delete('/v2/recordings/:id', one, async (req, res) => {
    const principal = authenticated(req, res, store.tokens);
    const refuse = attempted(audit, 'deletion', principal);
    const found = completed(await findRecording(store.recordings, principal, req.params.id, { refuse }));
    if (principal.role === 'viewer') {
      await accounted(audit, 'deletion', principal, found, () => Promise.reject(forbidden()));
    }
    if (!(await removal.remove(found, actorOf(principal)))) throw noSuchRecording();
    res.json({ data: shownRecording(found, links) });
  });
}

function completed(found: RecordingDocument | undefined): RecordingDocument {
  if (found?.state !== 'completed') throw noSuchRecording();
  return found;
}

/** A recording as Telnyx has it. */
export function shownRecording(doc: PublicRecording, links: Links): object {
  const { from, to, audit } = doc;
  const isByApi = audit.some(({ action, by }) => action === 'start' && by === 'api');
  return {
    id: uuidOf(doc),
    record_type: 'recording',
    status: 'completed',
    source: 'call',
    ...(isByApi && { initiated_by: 'StartCallRecordingAPI' }),
    ...session(doc),
    channels: doc.channels,
    from,
    to,
    duration_millis: doc.duration_ms,
    recording_started_at: startedAt(doc),
    recording_ended_at: endedAt(doc),
    created_at: startedAt(doc),
    updated_at: endedAt(doc),
    download_urls: { [doc.media_type]: links.audio(doc) },
  };
}

/** What a recording and its webhooks say alike of where it comes from. */
export function session(doc: PublicRecording): object {
  return {
    call_control_id: doc.call_id,
    call_leg_id: doc.call_id,
    call_session_id: doc.interaction_id ?? doc.call_id,
    connection_id: doc.account_id,
  };
}

function queryOf(query: Record<string, unknown>): TelnyxRecordingsQuery {
  const numbers = ['page[number]', 'page[size]'].flatMap((key) => {
    const text = query[key];
    return typeof text === 'string' && /^-?\d{1,9}$/.test(text) ? [[key, Number(text)] as const] : [];
  });
  const given = { ...query, ...Object.fromEntries(numbers) };
  const result = validate<TelnyxRecordingsQuery>('telnyx-recordings-query', given);
  if (!result.ok) throw invalidValues(result.errors, 'parameter');
  return result.value;
}

function boundsOf(query: TelnyxRecordingsQuery): { from: number | undefined; to: number | undefined } {
  const times = (bound: 'gte' | 'lte') =>
    [query[`filter[created_at][${bound}]`], query[`filter[start_time][${bound}]`]]
      .filter((text) => text !== undefined)
      .map((text) => Date.parse(text));
  const [from, to] = [times('gte'), times('lte')];
  return {
    from: from.length > 0 ? Math.max(...from) : undefined,
    to: to.length > 0 ? Math.min(...to) : undefined,
  };
}

function matches(doc: RecordingDocument, query: TelnyxRecordingsQuery): boolean {
  const is = (key: keyof TelnyxRecordingsQuery, value: string) =>
    query[key] === undefined || query[key] === value;
  const ended = Date.parse(endedAt(doc) ?? '');
  const after = query['filter[end_time][gte]'];
  const before = query['filter[end_time][lte]'];
  return (
    is('filter[call_control_id]', doc.call_id) &&
    is('filter[call_leg_id]', doc.call_id) &&
    is('filter[call_session_id]', doc.interaction_id ?? doc.call_id) &&
    is('filter[connection_id]', doc.account_id) &&
    is('filter[from]', doc.from) &&
    is('filter[to]', doc.to) &&
    (after === undefined || ended >= Date.parse(after)) &&
    (before === undefined || ended <= Date.parse(before))
  );
}
