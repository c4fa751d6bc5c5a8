/** Routes of express that answer with what they are told to, whatever is asked; tells its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';

const app = express();
let answer: unknown;
app.get('/v2/accounts/:account/users/:user/metaflows', (_req, res) => {
  res.json(answer);
});
app.post('/v2/accounts/:account/users/:user/metaflows', express.json({ type: () => true }), (_req, res) => {
  res.json(answer);
});
const server = createServer(app);
server.listen(0, '127.0.0.1');
process.on('message', (message) => {
  answer = message;
  process.send?.((server.address() as AddressInfo).port);
});
process.on('disconnect', () => process.exit());
