/** Which codes count for a leg, and where each comes from. Pure. */
import type { MetaflowNode, Metaflows } from '../generated/metaflows.js';
import { compile } from './compile.js';
import { merge } from './merge.js';

/** A code as a leg has it. */
export interface Code {
  /** With its binding digit; of a pattern, the pattern. */
  code: string;
  kind: 'number' | 'pattern';
  /** What it does; `none` switches off what would be inherited. */
  module: MetaflowNode['module'];
  /** Of record_call. */
  action?: string;
  from: Level;
  /** Whose node of the same code does not count for it. */
  instead_of: Level[];
  /** Another code begins with it, or could: it fires when the digit timeout is over. */
  waits: boolean;
}

/** Whose metaflows. */
export type Level = 'user' | 'device' | 'account';
export type Levels = Partial<Record<Level, Metaflows>>;

/** The nearer comes first. */
const LEVELS: readonly Level[] = ['user', 'device', 'account'];

/** Every code that counts for a leg with these metaflows, numbers first, in the order in which they are tried. */
export function codesOf(levels: Levels): Code[] {
  const merged = merge(levels.account, levels.device, levels.user);
  const compiled = compile(merged);
  const ofKind = (key: 'numbers' | 'patterns'): Code[] =>
    Object.entries(merged[key] ?? {}).map(([name, node]) => {
      const [from = 'account', ...others] = LEVELS.filter((level) => name in (levels[level]?.[key] ?? {}));
      return {
        code: key === 'numbers' ? compiled.bindingDigit + name : name,
        kind: key === 'numbers' ? 'number' : 'pattern',
        module: node.module,
        ...(node.module === 'record_call' && { action: node.data?.action ?? 'start' }),
        from,
        instead_of: others,
        waits: key === 'numbers' && node.module !== 'none' && compiled.canGrow(name),
      };
    });
  return [...ofKind('numbers'), ...ofKind('patterns')];
}
