// Receives webhooks signed with hmac-sha256: WEBHOOK_SECRET=whsec_… PORT=9000 node webhook.mjs
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';

const TOLERANCE_S = 300;

/** Whether the service has signed this; `body` is the raw bytes, before anything has parsed them. */
export function isGenuine(secret, headers, body) {
  const at = Number(headers['webhook-timestamp']);
  if (!(Math.abs(Date.now() / 1000 - at) <= TOLERANCE_S)) return false;
  const expected = createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
    .update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`)
    .update(body)
    .digest();
  const given = Buffer.from((headers['webhook-signature'] ?? '').replace(/^v1,/, ''), 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const server = createServer(async (request, response) => {
  const body = await buffer(request);
  if (!isGenuine(process.env.WEBHOOK_SECRET, request.headers, body)) {
    response.writeHead(401).end();
    return;
  }
  const { event, id, recording } = JSON.parse(body);
  console.log(event, recording?.id, id); // the same id may come again: do what it says once
  response.writeHead(204).end();
});
server.listen(Number(process.env.PORT ?? 9000), '127.0.0.1', () => {
  console.log(`listening at http://127.0.0.1:${server.address().port}`);
});
