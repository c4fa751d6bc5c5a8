/**
 * Loaded before the service's own modules: tells whoever started the process, and asks, what it needs. Plain JavaScript, so
 * that the service starts as `npm start` starts it.
 */
import { extname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

/** Milliseconds between two round trips: often enough for a p99, and little beside what they stand beside. */
const TRIP_MS = 5;

const main = process.argv[1];
const { Connection } = await import(new URL(`switch/connection${extname(main)}`, pathToFileURL(main)));
/** The service's own connection on which the switch's events come. */
let events;
const { open } = Connection.prototype;
Connection.prototype.open = function (...args) {
  if (this.options.subscribe !== undefined) events = this;
  return open.apply(this, args);
};

/** Milliseconds of each `api` command whose answer came among the events, since `begin trips`. */
let trips = [];
let timer;

function trip() {
  const began = performance.now();
  events.command('api uptime').then(
    () => trips.push(performance.now() - began),
    () => undefined,
  );
}

const ANSWERS = {
  async vitals() {
    // What the last turn let go of, streams for instance, is let go of in the next ones.
    await delay(20);
    globalThis.gc();
    const { heapUsed, rss } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const handles = process.getActiveResourcesInfo().length;
    return { heap: heapUsed, rss, handles, cpu: (user + system) / 1000 };
  },
  'begin trips'() {
    trips = [];
    timer = setInterval(trip, TRIP_MS);
    return 'begun';
  },
  'end trips'() {
    clearInterval(timer);
    return trips;
  },
};

process.on('message', async (asked) => process.send(await ANSWERS[asked]()));
// Whoever asked may be gone: that keeps nothing alive.
process.channel?.unref();
