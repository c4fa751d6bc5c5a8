/**
 * Tokens that stand for another one for an hour, as what Kazoo's logins answer with (token_auth_expiry in
 * crossbar_auth.erl). Nothing is stored: they are signed with a key that this process alone has, so that they end with
 * it, and with the token that they stand for.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const LIFETIME_MS = 3_600_000;

export class Sessions {
  readonly #key = new Uint8Array(randomBytes(32));

  /** `at` in epoch milliseconds. */
  issue(tokenId: string, at: number): string {
    const content = `mfs_${tokenId}_${at + LIFETIME_MS}`;
    return `${content}_${this.#signature(content).toString('hex')}`;
  }

  /** The id of the token that `text` stands for at `at`, if it does. */
  tokenOf(text: string, at: number): string | undefined {
    const parts = /^(mfs_([0-9a-z]+)_(\d+))_([0-9a-f]{64})$/.exec(text);
    if (!parts) return undefined;
    const [, content = '', tokenId, until, signature = ''] = parts;
    const isOurs = timingSafeEqual(
      new Uint8Array(this.#signature(content)),
      new Uint8Array(Buffer.from(signature, 'hex')),
    );
    return isOurs && at < Number(until) ? tokenId : undefined;
  }

  #signature(content: string): Buffer {
    return createHmac('sha256', this.#key).update(content).digest();
  }
}
