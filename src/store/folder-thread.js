// @ts-check
/** The thread of `folder.ts`. JavaScript, since threads of Node 20 begin without the loader that the tests run with. */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import PouchDB from 'pouchdb';

/** Enough to tell apart who came first: no other process has a folder. */
const REVISIONS = 10;

/** As `nice` has it. */
const NICENESS = 5;

// Where both want the processor, what is said to the switch comes first. On Linux this is the thread's own, elsewhere the process's.
if (process.platform === 'linux') setPriority(NICENESS);

const db = new PouchDB(workerData, {
  adapter: 'leveldb',
  auto_compaction: true,
  // Of a document that changes with every line of the audit a thousand revisions, the default, would be carried along.
  revs_limit: REVISIONS,
});

parentPort?.on('message', (/** @type {import('./folder.js').Question} */ { id, method, args }) => {
  const asked = /** @type {(...args: any[]) => Promise<unknown>} */ (db[method]);
  asked.apply(db, args).then(
    // bulkDocs resolves with an error for each document that it refused
    (value) => answer({ id, value: Array.isArray(value) ? value.map(plain) : value }),
    (error) => answer({ id, error: plain(error) }),
  );
});

/** @param {import('./folder.js').Answer} said */
function answer(said) {
  parentPort?.postMessage(said);
}

/**
 * An Error that is sent to another thread loses all but its message there.
 * @param {any} result
 */
function plain(result) {
  if (!(result instanceof Error)) return result;
  const { name, message, status, code } = /** @type {Error & { status?: number, code?: string }} */ (result);
  return { error: true, name, message, status, code };
}
