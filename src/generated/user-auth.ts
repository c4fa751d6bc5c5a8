/* Generated from schemas/user-auth.json by npm run types. */

/**
 * Kazoo's user_auth; as in Kazoo, what else is sent counts for nothing.
 */
export interface UserAuth {
  /**
   * the hash of name:token, hex
   */
  credentials: string;
  /**
   * md5 where none is given
   */
  method?: 'md5' | 'sha';
  account_name?: string;
  account_realm?: string;
  realm?: string;
  phone_number?: string;
  [k: string]: unknown;
}
