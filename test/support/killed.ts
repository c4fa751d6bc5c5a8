/**
 * Loaded before the service, into its process: ends that without a farewell as soon as the database has a document, whose
 * id begins with the first word of `KILLED_AFTER`, of a recording that is, or to which happened, what the second one says.
 */
import { Documents } from '../../src/store/documents.js';

const [prefix = '', word] = (process.env.KILLED_AFTER ?? '').split(' ');
// eslint-disable-next-line @typescript-eslint/unbound-method -- called with their own `this` below
const { update, create } = Documents.prototype;

function written(id: string, { type, recording }: { type?: string; recording?: { state: string } }): void {
  if (id.startsWith(prefix) && (type ?? recording?.state) === word) process.kill(process.pid, 'SIGKILL');
}

Documents.prototype.update = async function <T extends object>(
  this: Documents,
  ...args: Parameters<typeof update<T>>
) {
  const entry = await update.call<Documents, typeof args, ReturnType<typeof update<T>>>(this, ...args);
  written(entry.id, entry.value);
  return entry;
};

Documents.prototype.create = async function (id, value) {
  const isNew = await create.call(this, id, value);
  written(id, value);
  return isNew;
};
