/** `transport: push`: the files of recordings come over HTTP from switches whose disk this service does not see. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'winston';
import { isMetaflowsError, MetaflowsError } from '../errors.js';
import type { RecordingDocument } from '../generated/recording.js';
import { assertAccepted, sendFile, type ApiCommand } from '../switch/commands.js';
import type { PushInbox } from './push.js';

/** For each file: together they outlast a switch's network that fails for a minute. */
const ATTEMPTS = 5;
/** Milliseconds before the second attempt; twice as long before each other. */
const WAIT_MS = 2000;

export interface PushTransportOptions {
  inbox: PushInbox;
  /** Throws `switch_down` where it is not known. */
  switchOf: (id: string) => { apis(key: string, commands: ApiCommand[]): Promise<string[]> };
  /** The recordings folder as the switch sees it, absolute. */
  dir: string;
  log: Logger;
  waitMs?: number;
}

export class PushTransport {
  private readonly closing = new AbortController();

  constructor(private readonly options: PushTransportOptions) {}

  /**
   * Resolves when the files of the recording lie in this service's recordings folder, but for those that do not come, with
   * these; they all stay on the switch too. Rejects at once with `switch_down`, `connection_lost` or `shutting_down`.
   */
  async fetch(doc: RecordingDocument): Promise<string[]> {
    const missing: string[] = [];
    for (const { file } of doc.segments) {
      if (!(await this.fetchFile(doc, file))) missing.push(file);
    }
    return missing;
  }

  /** Nothing is asked for any more. */
  close(): void {
    this.closing.abort();
    this.options.inbox.close();
  }

  private async fetchFile(doc: RecordingDocument, file: string): Promise<boolean> {
    const { waitMs = WAIT_MS, log } = this.options;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.attempt(doc, file);
        return true;
      } catch (error) {
        if (isMetaflowsError(error, 'switch_down', 'connection_lost', 'shutting_down')) throw error;
        log.warn('a file has not arrived from the switch', { recording: doc.id, attempt, error });
        if (attempt === ATTEMPTS) return false;
        await this.pause(waitMs * 2 ** (attempt - 1));
      }
    }
  }

  /** What the switch answers proves nothing, only the file that arrives does. */
  private async attempt({ id, internal }: RecordingDocument, file: string): Promise<void> {
    const { inbox, switchOf, dir } = this.options;
    if (this.closing.signal.aborted) throw new MetaflowsError('shutting_down');
    const { url, arrived } = inbox.expect({ id, file, limitS: internal.limit_s });
    const [reply = ''] = await switchOf(internal.switch).apis(id, [sendFile(url, `${dir}/${file}`)]);
    assertAccepted(reply);
    await arrived;
  }

  /** Ends early when all ends. */
  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.closing.signal }).catch(() => undefined);
  }
}
