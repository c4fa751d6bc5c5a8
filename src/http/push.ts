/** `PUT /push/{recording id}?expires&signature`: the switch sends a finished file. The link is all the permission it needs. */
import { Router } from 'express';
import type { PushInbox } from '../delivery/push.js';
import { LINK, SERVICE } from './dialect.js';
import { described } from './openapi/operation.js';

export function pushRouter(inbox: PushInbox): Router {
  const router = Router();
  const says = described(SERVICE, 'Push', {
    PUT: {
      summary: 'Takes the file of a recording, from the switch.',
      query: LINK,
      body: { type: 'application/octet-stream', schema: {} },
      answers: { 204: { description: 'It has arrived.' } },
      errors: ['push_refused', 'push_too_large'],
    },
  });
  router.put('/:id', says, async (req, res) => {
    const { expires, signature } = req.query;
    await inbox.take(req.params.id, { expires, signature }, req);
    // Only 200, 201, 202 and 204 are a success to mod_http_cache.
    res.status(204).end();
  });
  return router;
}
