/* Generated from schemas/webhook.json by npm run types. */

/**
 * A webhook as an account sets it up: Kazoo's keys, and how it is signed.
 */
export type WebhookSettings = {
  [k: string]: unknown;
} & {
  name: string;
  uri: string;
  /**
   * the event that is told, or all of them: recording is every recording.… one
   */
  hook:
    | 'all'
    | 'recording'
    | 'recording.started'
    | 'recording.masked'
    | 'recording.unmasked'
    | 'recording.stopped'
    | 'recording.completed'
    | 'recording.discarded'
    | 'recording.failed'
    | 'recording.delivered'
    | 'recording.transcribed';
  /**
   * post where none is given
   */
  http_verb?: 'get' | 'post';
  /**
   * of the body of a post; form-data where none is given, as in Kazoo. telnyx and bird: as those systems word and sign it
   */
  format?: 'form-data' | 'json' | 'telnyx' | 'bird';
  /**
   * after the first attempt; where none is given, as many as 72 hours have room for
   */
  retries?: number;
  /**
   * true where none is given
   */
  enabled?: boolean;
  /**
   * comes back in every event
   */
  custom_data?: {
    [k: string]: unknown;
  };
  /**
   * ed25519 where none is given
   */
  signature?: 'ed25519' | 'hmac-sha256';
  /**
   * for hmac-sha256: whsec_ and the key in base64; made by the service where none is given. Never shown again
   */
  secret?: string;
};
