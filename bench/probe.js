/**
 * Loaded before the service's own modules: tells whoever started the process, and asks, what it needs. Plain JavaScript, so
 * that the service starts as `npm start` starts it.
 */
import { setTimeout as delay } from 'node:timers/promises';

process.on('message', async () => {
  // What the last turn let go of, streams for instance, is let go of in the next ones.
  await delay(20);
  globalThis.gc();
  const { heapUsed, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const handles = process.getActiveResourcesInfo().length;
  process.send({ heap: heapUsed, rss, handles, cpu: (user + system) / 1000 });
});
// Whoever asked may be gone: that keeps nothing alive.
process.channel?.unref();
