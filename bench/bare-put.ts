/** PouchDB's `put` of a thousand documents over and over, with what the service opens its folder with; tells how many a second. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PouchDB from 'pouchdb';
import { CONNECTIONS } from './http.js';

/** What to put, and for how many milliseconds. */
export interface PutOrder {
  value: object;
  ms: number;
}

const folder = mkdtempSync(join(tmpdir(), 'metaflows-bench-put-'));
const db = new PouchDB<object>(folder, { adapter: 'leveldb', auto_compaction: true });
const revs = new Map<string, string>();

async function puts({ value, ms }: PutOrder): Promise<number> {
  let begun = 0;
  let done = 0;
  const began = performance.now();
  const worker = async () => {
    while (performance.now() - began < ms) {
      const _id = `metaflows/bench.test/user/${1000 + (begun++ % 1000)}`;
      const known = revs.get(_id);
      const { rev } = await db.put({ _id, ...(known !== undefined && { _rev: known }), value });
      revs.set(_id, rev);
      done++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return (done / (performance.now() - began)) * 1000;
}

process.on('message', (order) => void puts(order as PutOrder).then((rate) => process.send?.(rate)));
process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit();
});
