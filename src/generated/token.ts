/* Generated from schemas/token.json by npm run types. */

/**
 * What a new token may do.
 */
export type TokenRequest = AdminTokenRequest | ViewerTokenRequest | UserTokenRequest;
/**
 * null: every account, so that nobody gets them all by forgetting a key
 */
export type AccountOrAll = string | null;
export type Name = string;

/**
 * Everything in its account; with every account, the tokens too.
 */
export interface AdminTokenRequest {
  account: AccountOrAll;
  role: 'admin';
}
/**
 * Reads everything in its account.
 */
export interface ViewerTokenRequest {
  account: AccountOrAll;
  role: 'viewer';
}
/**
 * One user's metaflows, channels and recordings.
 */
export interface UserTokenRequest {
  account: Name;
  role: 'user';
  user: Name;
}
