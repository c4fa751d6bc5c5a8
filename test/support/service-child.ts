/** A process of its own that serves the API from the database in the folder that its argument names. */
import { Feed } from '../../src/delivery/feed.js';
import { createApp } from '../../src/http/app.js';
import { Links } from '../../src/http/links.js';
import { listen } from '../../src/http/server.js';
import { Metrics } from '../../src/metrics.js';
import { openStore } from '../../src/store/store.js';
import { ADMIN_TOKEN, capturingLog, FakeCalls, testRemoval } from './api.js';
import { testDelivery } from './delivery.js';

const { log } = capturingLog();
const store = await openStore(process.argv[2] ?? '', log);
await store.tokens.ensureAdminToken(ADMIN_TOKEN);
const app = createApp({
  store,
  calls: new FakeCalls(),
  delivery: await testDelivery(store),
  feed: new Feed(),
  links: new Links(await store.webhooks.signingKey(), () => 'http://api.test'),
  removal: testRemoval(store, '/nowhere'),
  recordingsMount: '/nowhere',
  playsFiles: false,
  status: () => ({ ready: true }),
  system: () => Promise.resolve({ switches: [], outbox: 0, freeBytes: undefined }),
  metrics: new Metrics(),
  log,
  version: '1.2.3',
  requestsPerMinute: 1000,
  corsOrigins: [],
  notificationsPath: '/notifications',
});
const { port } = await listen(app, '127.0.0.1', 0);
process.stdout.write(`${port}\n`);
