/**
 * A process of the service's own, as `npm start` is one: runs the module that its argument names, and tells whoever
 * started it of its memory and of what keeps it alive.
 */
import { setTimeout as delay } from 'node:timers/promises';

/** What the process tells of itself. */
export interface Vitals {
  /** Bytes in use after a full collection. */
  heap: number;
  /** Bytes that the system has given. */
  rss: number;
  /** Sockets, timers, files and requests under way, by kind. */
  handles: Record<string, number>;
  /** Milliseconds of the processor so far. */
  cpu: number;
}

process.on('message', () => {
  void (async () => {
    // What the last turn let go of, streams for instance, is let go of in the next ones.
    await delay(20);
    globalThis.gc?.();
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    const handles: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
    const { user, system } = process.cpuUsage();
    const vitals: Vitals = { heap: heapUsed, rss, handles, cpu: (user + system) / 1000 };
    process.send?.(vitals);
  })();
});
// Whoever asked may be gone: that keeps nothing alive.
process.channel?.unref();

const [module = ''] = process.argv.slice(2);
await import(module);
