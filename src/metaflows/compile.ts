/** Makes one user's merged metaflows quick to match digits against. */
import type { MetaflowNode, Metaflows } from '../generated/metaflows.js';
import { compilePattern, DIGITS, type Pattern } from './pattern.js';

/** What begins a code where no metaflows say so: Kazoo's default. */
export const DEFAULT_BINDING_DIGIT = '*';

/** Milliseconds to wait for an ambiguous code's next digit: unhurried, as an unambiguous one never waits. */
export const DEFAULT_DIGIT_TIMEOUT_MS = 3000;

/** Digits of a code at most, so that digits pressed without end cost nothing without end. */
export const MAX_COLLECTED = 32;

/** A code that was pressed, and the node that it runs. */
export interface Match {
  node: MetaflowNode;
  /** The digits without the binding digit; only where a pattern matched. */
  collected?: string;
  /** The pattern's groups without the whole match; only where a pattern matched. */
  captures?: string[];
}

/** Merged metaflows, ready to match. */
export interface CompiledMetaflows {
  bindingDigit: string;
  digitTimeoutMs: number;
  listenOn: NonNullable<Metaflows['listen_on']>;
  /** The `numbers` that do something, with their binding digit: what is bound inside the switch. */
  codes: readonly string[];
  /** What the digits pressed after the binding digit run; the number first, else the first pattern. */
  match(collected: string): Match | undefined;
  /** Whether further digits could make a number or a pattern of it, so that it has to be waited for. */
  canGrow(collected: string): boolean;
}

/**
 * Compiles metaflows that {@link validateMetaflows} found valid; never throws.
 *
 * `none` wins its digits like any node and then does nothing: a number with it is an exception from a
 * pattern. It makes nobody wait. A number that holds the binding digit never fires, as that digit starts over.
 */
export function compile(metaflows: Metaflows): CompiledMetaflows {
  const bindingDigit = metaflows.binding_digit ?? DEFAULT_BINDING_DIGIT;
  const alphabet = DIGITS.replace(bindingDigit, '');
  const numbers = new Map(
    Object.entries(metaflows.numbers ?? {}).filter(([number]) => !number.includes(bindingDigit)),
  );
  const live = [...numbers].filter(([, node]) => node.module !== 'none').map(([number]) => number);
  const patterns = Object.entries(metaflows.patterns ?? {})
    .map(([source, node]) => ({ node, pattern: compilePattern(source) }))
    .filter((entry): entry is { node: MetaflowNode; pattern: Pattern } => !('refused' in entry.pattern));

  return {
    bindingDigit,
    digitTimeoutMs: metaflows.digit_timeout ?? DEFAULT_DIGIT_TIMEOUT_MS,
    listenOn: metaflows.listen_on ?? 'self',
    codes: live.map((number) => bindingDigit + number),

    match(collected) {
      if (collected === '') return undefined;
      const number = numbers.get(collected);
      if (number !== undefined) return number.module === 'none' ? undefined : { node: number };
      for (const { node, pattern } of patterns) {
        const captures = pattern.captures(collected);
        if (captures !== undefined) {
          return node.module === 'none' ? undefined : { node, collected, captures };
        }
      }
      return undefined;
    },

    canGrow(collected) {
      if (collected.length >= MAX_COLLECTED) return false;
      return (
        live.some((number) => number.length > collected.length && number.startsWith(collected)) ||
        patterns.some(({ node, pattern }) => node.module !== 'none' && pattern.canGrow(collected, alphabet))
      );
    },
  };
}

/** The far party's metaflows on a leg that has `own`: what could still become one of those is waited for. */
export function beside(own: CompiledMetaflows, far: CompiledMetaflows): CompiledMetaflows {
  if (own.bindingDigit !== far.bindingDigit) return far;
  return {
    ...far,
    digitTimeoutMs: Math.max(own.digitTimeoutMs, far.digitTimeoutMs),
    canGrow: (collected) => own.canGrow(collected) || far.canGrow(collected),
  };
}
