/**
 * Which calls are recorded by themselves: Kazoo's `call_recording` documents of an account, a device and a user, decided
 * for one leg. Pure.
 */
import type { CallRecording, CallRecordingParameters } from '../generated/call_recording.js';
import type { RecordCallData } from '../generated/record_call.js';
import { kazooData, validate, type Fault, type Validated } from '../schemas.js';

/** The documents that apply to the owner of a leg. */
export interface CallRecordings {
  account?: CallRecording;
  device?: CallRecording;
  user?: CallRecording;
}

/** One leg's part in its call. */
export interface Situation {
  /** For the owner: `outbound` where it is the caller. */
  direction: 'inbound' | 'outbound';
  /** Whether the other party is of the same account; unknown while there is none. */
  network: 'onnet' | 'offnet' | undefined;
}

/**
 * What the documents say of a leg, key by key: the nearer document wins over the farther one (user, device, account), then
 * in what that makes, the direction over `any`, then the network over `any`.
 */
export function parametersFor(
  { account, device, user }: CallRecordings,
  { direction, network }: Situation,
): CallRecordingParameters {
  const parameters: CallRecordingParameters = {};
  for (const way of ['any', direction] as const) {
    for (const net of network === undefined ? (['any'] as const) : (['any', network] as const)) {
      for (const document of [account, device, user]) Object.assign(parameters, document?.[way]?.[net]);
    }
  }
  return parameters;
}

/** How a leg is recorded by itself. */
export interface Automatic {
  data: RecordCallData;
  /** It begins at the answer, with whomever the leg is bridged, or nobody; else when two parties talk. */
  atAnswer: boolean;
}

/** `undefined` where the leg is not recorded by itself. */
export function automaticOf(documents: CallRecordings, situation: Situation): Automatic | undefined {
  const { enabled, record_on_answer, record_on_bridge, ...data } = parametersFor(documents, situation);
  if (!enabled) return undefined;
  return {
    data: { origin: 'automatic', ...data },
    atAnswer: record_on_answer === true && record_on_bridge !== true,
  };
}

/**
 * Validates a `call_recording` document as posted; never throws. Consent is an account's alone, and files are played where
 * the site has a folder for them.
 */
export function validateCallRecording(
  value: unknown,
  { isAccount, playsFiles }: { isAccount: boolean; playsFiles: boolean },
): Validated<CallRecording> {
  const valid = validate<CallRecording>('call_recording', value);
  if (!valid.ok) return valid;
  const { consent } = valid.value;
  const faults: Fault[] = [];
  const refuse = (path: string[], message: string, given: unknown) =>
    faults.push({ path, check: 'error', error: { message, value: given } });
  if (consent && !isAccount) refuse(['consent'], 'consent is an account’s, for all of its users', consent);
  if (consent?.play !== undefined && !consent.play.startsWith('tone_stream://') && !playsFiles) {
    const message = 'this site has no folder of sounds (recording.sounds_dir): only tone_stream:// is played';
    refuse(['consent', 'play'], message, consent.play);
  }
  return faults.length === 0 ? valid : { ok: false, errors: kazooData(faults) };
}
