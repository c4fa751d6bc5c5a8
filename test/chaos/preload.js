/** Loaded into the service before it: lets its clock be shifted from outside, and tells what it holds. */
const real = Date.now;
let shift = Number(process.env.CHAOS_CLOCK_MS);
Date.now = () => real() + shift;
globalThis.Date = new Proxy(Date, {
  construct: (target, args, self) => Reflect.construct(target, args.length > 0 ? args : [Date.now()], self),
});

process.on('message', ({ shiftMs }) => {
  if (shiftMs !== undefined) shift = shiftMs;
  else {
    globalThis.gc();
    const counts = {};
    for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
    process.send({ counts, heap: process.memoryUsage().heapUsed });
  }
});
process.channel.unref();
