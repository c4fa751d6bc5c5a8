/** The merged and compiled metaflows of owners, each made once until metaflows change. */
import type { Owner } from '../calls/owner.js';
import type { Metaflows } from '../generated/metaflows.js';
import { compile, type CompiledMetaflows } from './compile.js';
import { merge } from './merge.js';

/** Where the metaflows that apply to an owner are. */
export interface MetaflowsSource {
  forLeg(
    account: string,
    user?: string,
    device?: string,
  ): { account?: Metaflows; device?: Metaflows; user?: Metaflows };
}

/** `of` answers `undefined` for an owner without any codes; `forget` is to be called when metaflows change. */
export function compiledMetaflows(source: MetaflowsSource): {
  of: (owner: Owner) => CompiledMetaflows | undefined;
  forget: () => void;
} {
  const known = new Map<string, CompiledMetaflows | undefined>();
  return {
    of(owner) {
      const key = JSON.stringify([owner.account, owner.user, owner.device]);
      if (!known.has(key)) {
        const { account, device, user } = source.forLeg(owner.account, owner.user, owner.device);
        const merged = merge(account, device, user);
        known.set(key, (merged.numbers ?? merged.patterns) ? compile(merged) : undefined);
      }
      return known.get(key);
    },
    forget: () => known.clear(),
  };
}
