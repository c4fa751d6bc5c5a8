/** `metaflows recordings`: lists and shows an account's recordings, and fetches their audio. */
import { createWriteStream } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { Command, InvalidArgumentError } from 'commander';
import type { RecordingDocument } from '../generated/recording.js';
import { print, printJson, printTable, Progress } from './output.js';
import { accountPath, ask, envelope, request, type Common } from './service.js';

type Recording = Omit<RecordingDocument, 'internal'>;

interface Of extends Common {
  account: string;
}

interface Listed extends Of {
  user?: string;
  state?: string;
  limit: number;
}

/** As many as the service gives at once. */
const PAGE_SIZE = 1000;

export function recordings(): Command {
  const command = new Command('recordings').description('recordings of an account');
  command
    .command('list')
    .description('lists recordings, the newest first')
    .requiredOption('--account <account>', 'whose')
    .option('--user <user>', 'of this user alone')
    .option('--state <state>', 'recording, masked, completed, discarded or failed')
    .option('--limit <number>', 'at most so many', wholeNumber, 50)
    .action(async (_options: unknown, command: Command) => list(command.optsWithGlobals<Listed>()));
  command
    .command('show')
    .description('shows a recording as the API has it')
    .argument('<id>')
    .requiredOption('--account <account>', 'whose')
    .action(async (id: string, _options: unknown, command: Command) => {
      const of = command.optsWithGlobals<Of>();
      printJson(await ask(of, 'GET', accountPath(of.account, 'recordings', id)));
    });
  command
    .command('download')
    .description('fetches the audio of a recording')
    .argument('<id>')
    .requiredOption('--account <account>', 'whose')
    .option('-o, --output <file>', 'instead of the id and the format; - is standard output')
    .action(async (id: string, _options: unknown, command: Command) =>
      download(id, command.optsWithGlobals<Of & { output?: string }>()),
    );
  return command;
}

async function list(of: Listed): Promise<void> {
  const found: Recording[] = [];
  for (let startKey: string | undefined = ''; startKey !== undefined && found.length < of.limit;) {
    const query = new URLSearchParams({
      page_size: String(Math.min(PAGE_SIZE, of.limit - found.length)),
      ...(startKey !== '' && { start_key: startKey }),
      ...(of.user !== undefined && { user: of.user }),
      ...(of.state !== undefined && { state: of.state }),
    });
    const path = `${accountPath(of.account, 'recordings')}?${query.toString()}`;
    const { data, next_start_key } = await envelope(of, 'GET', path);
    found.push(...(data as Recording[]));
    startKey = next_start_key;
  }
  if (of.json) printJson(found);
  else {
    const rows = found.map(({ id, state, from, to, duration, owner_id = '' }) => [
      id,
      state,
      `${from} → ${to}`,
      `${duration} s`,
      owner_id,
    ]);
    printTable(rows);
  }
}

async function download(id: string, of: Of & { output?: string }): Promise<void> {
  const path = accountPath(of.account, 'recordings', id);
  const { media_type, content_type } = (await ask(of, 'GET', path)) as Recording;
  const audio = `${path}?accept=${encodeURIComponent(content_type)}`;
  const { output = `${id}.${media_type}` } = of;
  if (output === '-') {
    await fetched(of, audio, output);
    return;
  }
  // Before the audio is asked for: asking is a download, in the audit too.
  await create(output);
  await fetched(of, audio, output).catch(async (error: unknown) => {
    await rm(output);
    throw error;
  });
  if (of.json) printJson({ id, file: output });
  else print(output);
}

/** Makes an empty file; rejects with a sentence for people, also where there is one. */
async function create(file: string): Promise<void> {
  await writeFile(file, '', { flag: 'wx' }).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'it is there already' : message;
    throw new Error(`${file} cannot be made: ${why}`);
  });
}

/** Writes the audio into a file; `-` is standard output, which is left open. */
async function fetched(of: Of, path: string, output: string): Promise<void> {
  const response = await request(of, 'GET', path);
  const progress = new Progress(output, Number(response.headers.get('content-length')));
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      progress.advance(chunk.length);
      done(null, chunk);
    },
  });
  const isOut = output === '-';
  const to = isOut ? process.stdout : createWriteStream(output);
  await pipeline(Readable.fromWeb(response.body as ReadableStream), counted, to, { end: !isOut }).finally(
    () => progress.end(),
  );
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It is no whole number.');
  return Number(text);
}
