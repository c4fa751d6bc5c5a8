/** Where recordings are sent to and who is told of them: servers that do not always want to be. */
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Receiver, type Received } from '../support/delivery.js';

export type Mood = 'well' | 'refuse' | 'hang' | 'error';

/** One server; `take` is what it does with what has come whole and was acknowledged. */
export class Target {
  readonly #receiver = new Receiver();
  readonly #hanging = new Set<ServerResponse>();
  #mood: Mood = 'well';

  constructor(take: (received: Received) => void) {
    this.#receiver.respond((received, response) => {
      // what is kept here is what `take` keeps
      this.#receiver.received.length = 0;
      if (this.#mood === 'refuse') response.socket?.destroy();
      else if (this.#mood === 'hang') this.#hanging.add(response);
      else if (this.#mood === 'error') response.writeHead(500).end();
      else {
        take(received);
        response.end();
      }
    });
  }

  /** Resolves with its URL. */
  listen(): Promise<string> {
    return this.#receiver.listen();
  }

  /** Whoever hangs is cut off when the mood is another. */
  set mood(mood: Mood) {
    this.#mood = mood;
    for (const response of this.#hanging) response.socket?.destroy();
    this.#hanging.clear();
  }

  close(): Promise<void> {
    return this.#receiver.close();
  }
}

/** Both targets, and what has arrived at them. */
export class Targets {
  /** SHA-256 of what was uploaded, by recording. */
  readonly uploads = new Map<string, string>();
  /** Events told, by recording. */
  readonly told = new Map<string, Set<string>>();
  readonly upload = new Target(({ url, body }) => {
    const id = /call_recording_([0-9a-f-]+)\.\w+/.exec(url)?.[1] ?? url;
    this.uploads.set(id, createHash('sha256').update(body).digest('hex'));
  });
  readonly webhook = new Target(({ body }) => {
    const { event, recording } = JSON.parse(body.toString()) as { event: string; recording: { id: string } };
    const events = this.told.get(recording.id) ?? new Set();
    this.told.set(recording.id, events.add(event));
  });

  async close(): Promise<void> {
    await Promise.all([this.upload.close(), this.webhook.close()]);
  }
}
