/** The CallStateChangeMessage of Genesys's documents (004 of the five). Pure. */
import type { Channel } from '../ports.js';

/** What became of a call's recording. */
export type RecordingState = 'Recording' | 'Paused' | 'Stopped';

const AFTER: Record<RecordingState, { flag: string; capabilities: string[] }> = {
  Recording: { flag: 'ON', capabilities: ['PauseCallRecording', 'StopCallRecording'] },
  Paused: { flag: 'PAUSED', capabilities: ['ResumeCallRecording', 'StopCallRecording'] },
  Stopped: { flag: 'OFF', capabilities: ['StartCallRecording'] },
};

export interface Told {
  /** The user's leg. */
  leg: Channel;
  /** Whom it talks with, where that is the account's too. */
  other: Channel | undefined;
  user: string;
  state: RecordingState;
  /** The call has ended, and the recording with it. */
  released: boolean;
  /** The recording's id. */
  recording: string;
  /** What the client calls this service. */
  base: string;
  /** Epoch, milliseconds. */
  at: number;
}

export function callStateChange(told: Told): object {
  const { leg, other, user, state, released, recording, base, at } = told;
  const { uuid } = leg;
  const party = leg.direction === 'inbound' ? leg.destination : leg.callerIdNumber;
  const { flag, capabilities } = AFTER[state];
  const path = `/calls/${encodeURIComponent(uuid)}`;
  return {
    notificationType: 'CallRecordingStateChange',
    call: {
      id: uuid,
      state: released ? 'Released' : 'Established',
      callUuid: uuid,
      connId: uuid.replaceAll('-', '').slice(0, 16),
      deviceUri: `${base}/api/v2/devices/${encodeURIComponent(deviceOf(leg) ?? '')}`,
      participants: [
        {
          e164Number: party.startsWith('+') ? party : '',
          formattedPhoneNumber: party,
          phoneNumber: party,
          digits: party,
        },
      ],
      dnis: leg.destination,
      callType: other?.user !== undefined ? 'Internal' : leg.direction === 'inbound' ? 'Outbound' : 'Inbound',
      capabilities: released ? [] : capabilities,
      userData: { GSIP_RECORD: flag, IW_BundleUid: uuid, IW_CaseUid: uuid, GSIP_REC_FN: recording },
      duration: String(Math.max(0, Math.floor((at - leg.createdAt) / 1000))),
      mute: 'Off',
      recordingState: state,
      supervisorListeningIn: false,
      monitoredUserMuted: false,
      monitoring: false,
      uri: `${base}/api/v2/me${path}`,
      path,
    },
    phoneNumber: user,
    messageType: 'CallStateChangeMessage',
  };
}

/** A user without a device of a name of its own has one of the user's. */
export function deviceOf({ device, user }: Channel): string | undefined {
  return device ?? user;
}
