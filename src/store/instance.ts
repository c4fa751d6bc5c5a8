/** Which of the instances that may share a database this one is. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export function newInstanceId(): string {
  return randomBytes(8).toString('hex');
}

/** The id that `file` keeps, made at the first start. */
export async function instanceIn(file: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, newInstanceId(), { flag: 'wx' }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  return (await readFile(file, 'utf8')).trim();
}
