/** `npm start`: the only reader of the process's environment and signals. */
import { loadConfig } from './config.js';
import { createLog } from './log.js';
import { startService } from './service.js';

/** SIGTERM means gone in so many milliseconds, whatever is under way. */
const SHUTDOWN_MS = 9000;

const loaded = loadConfig(process.env);
if (!loaded.ok) {
  for (const line of loaded.errors) process.stderr.write(`${line}\n`);
  process.exit(1);
}
const log = createLog(loaded.config.logLevel);
// A new process finds all recordings again (recovery.ts), and what was still to be told or sent (delivery.ts).
process.on('uncaughtException', (error) => {
  log.error('uncaught exception', { error });
  process.exit(1);
});
// One piece of work has failed, whole, and the one that asked for it was not there to hear it. Ending the process would take
// their codes from all other calls while it starts again; what throws out of a listener may have left anything half done.
process.on('unhandledRejection', (error) => log.error('unhandled rejection', { error }));

try {
  const service = await startService(loaded.config, log);
  if (service.madeToken !== undefined) {
    process.stdout.write(`The admin token, shown this once: ${service.madeToken}\n`);
  }
  log.info('listening', { url: service.url });
  const stop = (signal: string) => {
    log.info('stopping', { signal });
    setTimeout(() => {
      log.error('could not stop in time');
      process.exit(1);
    }, SHUTDOWN_MS).unref();
    service.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('could not stop in order', { error });
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
