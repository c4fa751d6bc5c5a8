/** `…/recordings/{id}/transcriptions` and `/workspaces/{workspaceId}/transcriptions`: none, as nothing makes text here. */
import type { Router } from 'express';
import type { BirdTranscription } from '../../generated/bird-transcription.js';
import { validate } from '../../schemas.js';
import { bodyText, jsonObject } from '../body.js';
import { findRecording } from '../library.js';
import type { Deps } from '../ports.js';
import { permitted } from './access.js';
import { BirdError, invalidPayload, noSuch } from './errors.js';

export function transcriptions(router: Router, { store }: Deps): void {
  router.post('/workspaces/:workspace/recordings/:id/transcriptions', bodyText, async (req, res) => {
    const { principal, account } = permitted(req, res, store.tokens, 'write');
    const body = validate<BirdTranscription>('bird-transcription', jsonObject(req));
    if (!body.ok) throw invalidPayload(body.errors);
    const found = await findRecording(store.recordings, principal, req.params.id, account);
    if (!found) throw noSuch('recording');
    throw new BirdError('InvalidState', 'Transcription is not set up.');
  });
}
