/** Transfers that a party asks for with REFER. */
import { joinLegs } from './bridge.js';
import type { Channel } from './channel.js';
import { moveRecordings } from './recorder.js';
import { isTrue } from './text.js';

/**
 * The party of `leg` transfers the other one to `target`, or with `replaces`, the Call-ID of its own second call,
 * joins the other parties of both. The party's own leg ends with the dialog.
 */
export function referred(leg: Channel, target: string, replaces: string | undefined): void {
  const transferred = leg.partner;
  if (!transferred) return;
  const legs = [...leg.instance.channels.values()];
  const second =
    replaces && legs.find((each) => each !== leg && each.variables.get('sip_call_id') === replaces);
  if (!second) {
    if (isTrue(leg.get('recording_follow_transfer'))) moveRecordings(leg, transferred);
    transferred.redirectTo({ destination: target, context: 'default' });
  } else if (second.partner) {
    joinLegs(transferred, second.partner);
    second.hangup('NORMAL_CLEARING');
  }
}
