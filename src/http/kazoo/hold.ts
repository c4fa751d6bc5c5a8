/**
 * `/v2/accounts/{account}[/users/{user}]/recordings/{id}/hold`: PUT keeps a recording from being deleted by anybody,
 * DELETE lets it go. For an account's admins: no user may let go what is kept of that user.
 */
import type { AuditEvent } from '../../audit/events.js';
import type { RecordingDocument } from '../../generated/recording.js';
import { may } from '../access.js';
import { accounted } from '../accounting.js';
import { ref } from '../openapi/operation.js';
import { badIdentifier } from './answers.js';
import { accountRefused, find, PATHS, shownRecording, type RecordingParts } from './recordings.js';
import type { Asked, Resource } from './resource.js';

export function recordingHold(parts: Pick<RecordingParts, 'recordings' | 'audit'>): Resource {
  const { recordings, audit } = parts;
  const change = async (
    asked: Asked,
    action: AuditEvent['action'],
    to: (doc: RecordingDocument) => RecordingDocument,
  ) => {
    const found = await find(recordings, asked);
    const doc = await accounted(audit, action, asked.principal, found, async () => {
      const changed = await recordings.change(found.account_id, found.id, to);
      if (!changed) throw badIdentifier(found.id);
      return changed;
    });
    return { data: shownRecording(doc) };
  };
  return {
    paths: PATHS.map((path) => `${path}/:id/hold`),
    name: 'Hold',
    says: {
      PUT: { summary: 'Keeps a recording from being deleted.', roles: ['admin'], answer: ref('Recording') },
      DELETE: { summary: 'Lets it be deleted again.', roles: ['admin'], answer: ref('Recording') },
    },
    permits: (principal, action, { account }) => may(principal, action, { account }),
    refused: (asked) => accountRefused(parts, asked, () => (asked.req.method === 'PUT' ? 'hold' : 'unhold')),
    methods: {
      PUT: (asked) => change(asked, 'hold', (doc) => ({ ...doc, legal_hold: true })),
      DELETE: (asked) => change(asked, 'unhold', ({ legal_hold, ...doc }) => doc),
    },
  };
}
