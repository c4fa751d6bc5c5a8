import type { Channel } from './channel.js';
import { microseconds } from './events.js';
import { isTrue } from './text.js';

/** How long after the bridge `bridge_pre_execute_bleg_app` runs (seen), in milliseconds. */
const PRE_EXECUTE_AFTER_MS = 200;

/**
 * Joins two legs until one of them hangs up or is sent elsewhere (`switch_ivr_multi_threaded_bridge`).
 *
 * The second leg ends with the bridge, unless it is on its way elsewhere; the first goes on with its
 * dialplan where the second hung up, unless `hangup_after_bridge` is set.
 *
 * @param bypass whether the parties send their audio to each other
 */
export async function bridgeLegs(first: Channel, second: Channel, bypass = false): Promise<void> {
  const unlock = second.lock();
  first.instance.clock.catchUp();
  second.state = 'CS_EXCHANGE_MEDIA';
  for (const [leg, other] of [
    [first, second],
    [second, first],
  ] as const) {
    leg.partner = other;
    leg.media.bypass = bypass;
    leg.callUuid = first.uuid;
    leg.times.bridged ||= microseconds();
    // from the other's endpoint, for in bypass the parties hear each other past the switch
    leg.media.source = (frame) =>
      leg.media.bypass ? other.endpoint?.receive(frame) : other.media.received(frame);
    leg.set('bridge_uuid', other.uuid);
    leg.set('last_bridge_to', other.uuid);
    leg.set('signal_bond', other.uuid);
  }
  first.otherLeg = { type: 'originatee', leg: second };
  second.otherLeg = { type: 'originator', leg: first };
  const ends = { 'Bridge-A-Unique-ID': first.uuid, 'Bridge-B-Unique-ID': second.uuid };
  first.fire('CHANNEL_BRIDGE', ends);
  first.digits.reader = (digit) => second.digits.send(digit);
  second.digits.reader = (digit) => first.digits.send(digit);

  const application = first.get('bridge_pre_execute_bleg_app');
  const data = first.get('bridge_pre_execute_bleg_data') ?? '';
  if (application) {
    second.instance.timers.after(PRE_EXECUTE_AFTER_MS, () =>
      second.queue(() => second.instance.execute(second, application, data)),
    );
  }

  while (first.ready && second.ready) await Promise.race([first.changed(), second.changed()]);

  first.instance.clock.catchUp();
  for (const leg of [first, second]) {
    leg.partner = undefined;
    leg.media.bypass = false;
    leg.media.source = undefined;
    leg.digits.reader = undefined;
    leg.set('bridge_uuid', undefined);
    leg.set('signal_bond', undefined);
    leg.wake();
  }
  if (!second.redirect) second.hangup('NORMAL_CLEARING');
  // of one that is left for the media's sake the event does not say whose it was (seen)
  first.fire('CHANNEL_UNBRIDGE', bypass && first.redirect ? {} : ends);
  if (first.ready && (first.state === 'CS_SOFT_EXECUTE' || isTrue(first.get('hangup_after_bridge')))) {
    first.hangup(second.down ? second.cause : 'NORMAL_CLEARING');
  }
  unlock();
  if (second.redirect) void second.instance.run(second);
}

/** Joins two legs that are in other calls, or in none (`uuid_bridge`). */
export function joinLegs(first: Channel, second: Channel): void {
  second.redirectTo({ leg: first, leads: false });
  first.redirectTo({ leg: second, leads: true });
}
