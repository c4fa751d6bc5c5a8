import type { MetaflowNode } from '../../../src/generated/metaflows.js';
import { WORDS } from '../words.js';

const { metaflows: words } = WORDS;

/** What a node does, and what is done after it. */
export function meaningOf(node: MetaflowNode): string {
  if (node.module !== 'record_call') return words.modules[node.module];
  const does = words.actions[node.data?.action ?? 'start'];
  const next = node.children?._;
  return next ? words.inTurn(does, meaningOf(next)) : does;
}
