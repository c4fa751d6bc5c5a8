/* Generated from schemas/api-auth.json by npm run types. */

/**
 * A token of this service as Kazoo's API key.
 */
export interface ApiAuth {
  api_key: string;
}
