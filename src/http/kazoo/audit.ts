/**
 * `/v2/accounts/{account}[/users/{user}]/recordings/{id}/audit`: what was done to a recording, as JSON and as CSV, also
 * when it is deleted; `/v2/accounts/{account}/audit`: to all of an account; `/v2/audit`: every line of every instance, for
 * whoever verifies the chains.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { hashOf, type AuditLine } from '../../audit/chain.js';
import { csvOf, csvRowsOf } from '../../audit/csv.js';
import type { AuditQuery } from '../../generated/audit-query.js';
import { validate } from '../../schemas.js';
import type { AuditStore } from '../../store/audit.js';
import type { RecordingStore } from '../../store/recordings.js';
import { isSiteAdmin, may, ownScope } from '../access.js';
import { parametersOf } from '../openapi/components.js';
import { listOf, READERS, ref } from '../openapi/operation.js';
import { invalid, notAcceptable } from './answers.js';
import { find, PATHS, permits } from './recordings.js';
import type { Resource } from './resource.js';

const TYPES = ['application/json', 'text/csv'];
const PAGE_SIZE = 1000;

const ACCEPT = {
  name: 'accept',
  in: 'query',
  description: 'instead of the header Accept',
  schema: { enum: TYPES },
  example: 'text/csv',
} as const;
const CSV = { 200: { description: 'The lines.', content: { 'text/csv': { type: 'string' } } } } as const;

export function recordingAudit(recordings: RecordingStore, audit: AuditStore): Resource {
  return {
    paths: PATHS.map((path) => `${path}/:id/audit`),
    name: 'RecordingAudit',
    says: {
      GET: {
        summary: 'What was done to a recording, also when it is deleted: JSON, or CSV.',
        roles: READERS,
        query: [ACCEPT],
        answer: listOf(ref('AuditedLine')),
        answers: CSV,
        errors: ['not_acceptable'],
      },
    },
    permits,
    methods: {
      GET: async (asked) => {
        const { req, res, principal, scope, id } = asked;
        const { account, user } = ownScope(principal, scope);
        const lines = (await audit.of(account, id)).filter(
          ({ owner_id }) => user === undefined || owner_id === user,
        );
        if (lines.length === 0) await find(recordings, asked);
        if (!wantsCsv(req)) return shown(lines);
        asCsv(res, id).send(csvOf(lines));
        return undefined;
      },
    },
  };
}

export function accountAudit(audit: AuditStore): Resource {
  return {
    paths: ['/accounts/:account/audit'],
    name: 'AccountAudit',
    says: {
      GET: {
        summary:
          'What was done to the recordings of an account, the newest first: JSON in pages, or all as CSV.',
        roles: ['admin', 'viewer'],
        query: [...parametersOf('AuditQuery', { page_size: 100 }), ACCEPT],
        answer: listOf(ref('AuditedLine')),
        answers: CSV,
        errors: ['not_acceptable'],
      },
    },
    permits: may,
    methods: {
      GET: async ({ req, res, scope: { account } }) => {
        const { page_size = PAGE_SIZE, start_key } = queryOf(req.query);
        if (!wantsCsv(req)) {
          const { lines, next_start_key } = await audit.ofAccount(account, page_size, start_key);
          return { ...shown(lines), next_start_key };
        }
        const rows = async function* () {
          yield csvOf([]);
          for (let next = start_key, first = true; first || next !== undefined; first = false) {
            const page = await audit.ofAccount(account, PAGE_SIZE, next);
            next = page.next_start_key;
            yield csvRowsOf(page.lines);
          }
        };
        await pipeline(Readable.from(rows()), asCsv(res, account));
        return undefined;
      },
    },
  };
}

function wantsCsv(req: Request): boolean {
  if (typeof req.query['accept'] === 'string') req.headers.accept = req.query['accept'];
  const wanted = req.accepts(TYPES);
  if (wanted === false) throw notAcceptable(TYPES);
  return wanted === 'text/csv';
}

function shown(lines: readonly AuditLine[]): { data: object[]; page_size: number } {
  return { data: lines.map((line) => ({ ...line, hash: hashOf(line) })), page_size: lines.length };
}

function asCsv(res: Response, of: string): Response {
  const name = of.replaceAll(/[^\w-]/g, '_');
  const disposition = `attachment; filename="audit-${name}.csv"`;
  return res.set({ 'Content-Disposition': disposition, 'Cache-Control': 'no-store' }).type('text/csv');
}

export function allAudit(audit: AuditStore): Resource {
  return {
    paths: ['/audit'],
    name: 'Audit',
    says: {
      GET: {
        summary: 'Every line of every instance, in pages, for whoever verifies the chains.',
        roles: ['site admin'],
        query: parametersOf('AuditQuery', { page_size: 100 }),
        answer: ref('AuditPage'),
      },
    },
    permits: isSiteAdmin,
    methods: {
      GET: async ({ req }) => {
        const { page_size, start_key } = queryOf(req.query);
        // The heads first: what is appended meanwhile is more than they say, never less.
        const heads = await audit.heads();
        return { data: { heads, ...(await audit.page(page_size ?? PAGE_SIZE, start_key)) } };
      },
    },
  };
}

function queryOf(query: Record<string, unknown>): AuditQuery {
  const size = query['page_size'];
  const number = typeof size === 'string' && /^\d{1,15}$/.test(size) ? { page_size: Number(size) } : {};
  const result = validate<AuditQuery>('audit-query', { ...query, ...number });
  if (!result.ok) throw invalid(result.errors);
  return result.value;
}
