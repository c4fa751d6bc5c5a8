/**
 * The database in a folder: PouchDB in a thread of its own (`folder-thread.ts`), so that what storing costs keeps no call
 * waiting.
 */
import { mkdir } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';

/** What is asked of PouchDB. */
export const METHODS = ['info', 'get', 'allDocs', 'bulkDocs', 'remove', 'close'] as const;
export type Database = Pick<PouchDB.Database, (typeof METHODS)[number]>;

/** @internal What the thread is asked. */
export interface Question {
  id: number;
  method: (typeof METHODS)[number];
  args: unknown[];
}

/** @internal What it answers. */
export type Answer = { id: number; value: unknown } | { id: number; error: unknown };

/**
 * Opens the folder, made where it is missing; what is wrong with it is said when PouchDB is first asked. A thread that fails
 * ends the process, since nothing could be stored any more. `end` comes after the database is closed.
 */
export async function folderDatabase(folder: string): Promise<{ db: Database; end: () => Promise<unknown> }> {
  await mkdir(folder, { recursive: true });
  const thread = new Worker(new URL('./folder-thread.js', import.meta.url), {
    workerData: folder,
    execArgv: [],
  });
  const asked = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();
  let last = 0;
  thread.on('message', (answer: Answer) => {
    const asker = asked.get(answer.id);
    asked.delete(answer.id);
    if ('error' in answer) asker?.reject(answer.error);
    else asker?.resolve(answer.value);
  });
  const ask = (method: Question['method'], args: unknown[]) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      asked.set(id, { resolve, reject });
      thread.postMessage({ id, method, args } satisfies Question);
    });
  const db = Object.fromEntries(METHODS.map((method) => [method, (...args: unknown[]) => ask(method, args)]));
  return { db: db as unknown as Database, end: () => thread.terminate() };
}
