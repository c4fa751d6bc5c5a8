/* Generated from schemas/bayeux.json by npm run types. */

/**
 * What a CometD client sends at once: only what is relied on; the rest is the protocol's.
 *
 * @minItems 1
 * @maxItems 50
 */
export type BayeuxMessages = [BayeuxMessage, ...BayeuxMessage[]];

export interface BayeuxMessage {
  channel: string;
  clientId?: string;
  subscription?: string | string[];
  [k: string]: unknown;
}
