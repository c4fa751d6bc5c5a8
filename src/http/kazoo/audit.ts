/**
 * `/v2/accounts/{account}[/users/{user}]/recordings/{id}/audit`: what was done to a recording, as JSON and as CSV, also
 * when it is deleted; `/v2/audit`: every line of every instance, for whoever verifies the chains.
 */
import { hashOf } from '../../audit/chain.js';
import { csvOf } from '../../audit/csv.js';
import type { AuditQuery } from '../../generated/audit-query.js';
import { validate } from '../../schemas.js';
import type { AuditStore } from '../../store/audit.js';
import type { RecordingStore } from '../../store/recordings.js';
import { isSiteAdmin, ownScope } from '../access.js';
import { parametersOf } from '../openapi/components.js';
import { listOf, READERS, ref } from '../openapi/operation.js';
import { invalid, notAcceptable } from './answers.js';
import { find, PATHS, permits } from './recordings.js';
import type { Resource } from './resource.js';

const TYPES = ['application/json', 'text/csv'];
const PAGE_SIZE = 1000;

export function recordingAudit(recordings: RecordingStore, audit: AuditStore): Resource {
  return {
    paths: PATHS.map((path) => `${path}/:id/audit`),
    name: 'RecordingAudit',
    says: {
      GET: {
        summary: 'What was done to a recording, also when it is deleted: JSON, or CSV.',
        roles: READERS,
        query: [
          {
            name: 'accept',
            in: 'query',
            description: 'instead of the header Accept',
            schema: { enum: TYPES },
            example: 'text/csv',
          },
        ],
        answer: listOf(ref('AuditedLine')),
        answers: { 200: { description: 'The lines.', content: { 'text/csv': { type: 'string' } } } },
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
        if (typeof req.query['accept'] === 'string') req.headers.accept = req.query['accept'];
        const wanted = req.accepts(TYPES);
        if (wanted === false) throw notAcceptable(TYPES);
        if (wanted === 'application/json') {
          return { data: lines.map((line) => ({ ...line, hash: hashOf(line) })), page_size: lines.length };
        }
        res
          .set({
            'Content-Disposition': `attachment; filename="audit-${id.replaceAll(/[^\w-]/g, '_')}.csv"`,
            'Cache-Control': 'no-store',
          })
          .type('text/csv')
          .send(csvOf(lines));
        return undefined;
      },
    },
  };
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
