/** Runs a metaflow node: its module, then, as in Kazoo, the child `_` where the module continues. */
import type { Leg } from '../calls/calls.js';
import type { Owner } from '../calls/owner.js';
import { MetaflowsError } from '../errors.js';
import type { MetaflowNode } from '../generated/metaflows.js';
import type { RecordOutcome, RecordRequest } from '../recording/ports.js';
import { hangup, type ApiCommand } from '../switch/commands.js';

/** Who runs a node, and on which leg: the one whose owner's code it is, or that an API command named. */
export interface RunContext {
  leg: Leg;
  by: 'code' | 'api';
  owner: Owner;
  tokenId?: string;
  /** Epoch, milliseconds. */
  at: number;
  /** The leg whose party pressed, where a code runs the node. */
  presser?: Leg;
  maskedInSwitch?: boolean;
  /** An admin asks for the account: no policy for users binds it. */
  asAdmin?: boolean;
  /** What a pattern gives its module, as in Kazoo: the digits without the binding digit, and its groups. */
  collected?: string;
  captures?: string[];
}

/** What came of a node and of those that followed it: the last one's. */
export type NodeOutcome = RecordOutcome | { result: 'hung_up' | 'none' };

export class Runner {
  constructor(
    private readonly recorder: { run(request: RecordRequest): Promise<RecordOutcome> },
    private readonly switchOf: (id: string) => {
      apis(key: string, commands: ApiCommand[]): Promise<string[]>;
    },
  ) {}

  /** Rejects with a MetaflowsError where the module failed; its children then do not run. */
  async run(node: MetaflowNode, context: RunContext): Promise<NodeOutcome> {
    switch (node.module) {
      case 'record_call': {
        const outcome = await this.recorder.run({ ...context, data: node.data ?? {} });
        const child = node.children?.['_'];
        return child ? this.run(child, context) : outcome;
      }
      case 'hangup': {
        const [reply] = await this.switchOf(context.leg.switchId).apis(context.leg.callId, [
          hangup((context.presser ?? context.leg).uuid),
        ]);
        if (!reply?.startsWith('+OK')) throw new MetaflowsError('call_gone');
        return { result: 'hung_up' };
      }
      case 'none':
        return { result: 'none' };
    }
  }
}
