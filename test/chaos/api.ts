/** The service's HTTP API as the run uses it: with its token, its account, and a limit to how long is waited. */
import type { RecordingDocument } from '../../src/generated/recording.js';
import { DOMAIN } from '../support/lab-switch.js';
import { TOKEN } from '../support/lab-service.js';

/** Longer than anything takes but a switch that does not answer, milliseconds. */
const DEADLINE = 15_000;

/** A recording as the API shows it. */
export type ShownRecording = Omit<RecordingDocument, 'internal'>;

export interface Answer {
  status: number;
  message?: string;
  next_start_key?: string;
  data: unknown;
}

export class Api {
  constructor(private readonly url: () => string) {}

  /** One request below the account; rejects where there is no answer. */
  async ask(method: string, path: string, data?: object): Promise<Answer> {
    const response = await this.fetch(path, {
      method,
      ...(data && { body: JSON.stringify({ data }) }),
    });
    const body = (await response.json()) as Omit<Answer, 'status'>;
    return { ...body, status: response.status };
  }

  /** Every recording that there is. */
  async recordings(): Promise<ShownRecording[]> {
    const all: ShownRecording[] = [];
    for (let key: string | undefined = ''; key !== undefined;) {
      const page: Answer = await this.ask(
        'GET',
        `/recordings${key && `?start_key=${encodeURIComponent(key)}`}`,
      );
      all.push(...(page.data as ShownRecording[]));
      key = page.next_start_key;
    }
    return all;
  }

  /** A recording's file; `undefined` where there is none. */
  async audio(id: string): Promise<Buffer | undefined> {
    const response = await this.fetch(`/recordings/${id}?accept=audio/wav`);
    return response.ok ? Buffer.from(await response.arrayBuffer()) : undefined;
  }

  async ready(): Promise<boolean> {
    return (await fetch(`${this.url()}/readyz`)).ok;
  }

  private fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url()}/v2/accounts/${DOMAIN}${path}`, {
      ...init,
      headers: { 'X-Auth-Token': TOKEN },
      signal: AbortSignal.timeout(DEADLINE),
    });
  }
}
