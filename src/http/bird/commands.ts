/** `…/calls/{callId}/record`, and what Bird can do with the recording while the call lasts: commands to the one recorder. */
import { randomUUID } from 'node:crypto';
import type { Router } from 'express';
import { MetaflowsError } from '../../errors.js';
import type { BirdRecord } from '../../generated/bird-record.js';
import type { BirdRecordingUpdate } from '../../generated/bird-recording-update.js';
import type { RecordCallData } from '../../generated/record_call.js';
import type { RecordingDocument } from '../../generated/recording.js';
import { validate } from '../../schemas.js';
import { bodyText, jsonObject } from '../body.js';
import { namedLeg } from '../legs.js';
import { findRecording, uuidOf } from '../library.js';
import { described, READERS, ref, WRITERS } from '../openapi/operation.js';
import type { Actor, Channel, Deps } from '../ports.js';
import { permitted } from './access.js';
import { BIRD } from './dialect.js';
import { endedCall, invalidPayload, noSuch, recordedAlready, unansweredCall } from './errors.js';
import { callRecording } from './recordings.js';
import type { Principal } from '../../store/tokens.js';

const CALL = '/workspaces/:workspace/channels/:channel/calls/:call';

const VERBS = { paused: 'mask', ongoing: 'unmask', completed: 'stop' } as const;

export function commands(router: Router, { store, calls }: Deps): void {
  const named = (principal: Principal, account: string, uuid: string): { leg: Channel; actor: Actor } => {
    const found = namedLeg(calls, principal, uuid, account);
    if (found === 'ended') throw endedCall();
    if (found === 'unknown') throw noSuch('call');
    return found;
  };
  const find = async (principal: Principal, account: string, call: string, uuid: string) => {
    const found = await findRecording(store.recordings, principal, uuid, { account });
    if (!found?.internal.parties.includes(call)) throw noSuch('recording');
    return found;
  };

  const record = described(BIRD, 'BirdRecord', {
    POST: {
      summary: 'Records a message on a call; answered when it has begun.',
      roles: WRITERS,
      body: {
        schema: ref('BirdRecord'),
        optional: true,
        examples: { 'until 0 is pressed, a minute at most': { endKey: '0', maxLength: 60 } },
      },
      status: 202,
      answer: ref('BirdAccepted'),
      errors: ['InvalidState'],
    },
  });
  router.post(`${CALL}/record`, record, bodyText, async (req, res) => {
    const { principal, account } = permitted(req, res, store.tokens, 'write');
    const body = validate<BirdRecord>('bird-record', jsonObject(req));
    if (!body.ok) throw invalidPayload(body.errors);
    const { leg, actor } = named(principal, account, req.params.call);
    if (!leg.answered) throw unansweredCall();
    const data = recordData(body.value, req.params.channel);
    const { result, recording } = await calls.run(leg.uuid, { module: 'record_call', data }, actor);
    if (result === 'already_recording' || !recording) throw recordedAlready();
    res.status(202).json(accepted(recording, data));
  });

  const path = `${CALL}/recordings/:recording` as const;
  const recording = described(BIRD, 'BirdCallRecording', {
    GET: {
      summary: 'A recording of a call.',
      roles: READERS,
      answer: ref('BirdCallRecording'),
    },
    PATCH: {
      summary: 'Pauses, resumes or ends a recording of a call.',
      roles: WRITERS,
      body: {
        schema: ref('BirdRecordingUpdate'),
        optional: true,
        examples: {
          pause: { status: 'paused' },
          resume: { status: 'ongoing' },
          end: { status: 'completed' },
        },
      },
      status: 202,
      answer: ref('BirdCallRecording'),
      errors: ['InvalidState'],
    },
  });
  router.get(path, recording, async (req, res) => {
    const { principal, account } = permitted(req, res, store.tokens, 'read');
    const { call, recording } = req.params;
    res.json(callRecording(await find(principal, account, call, recording)));
  });
  router.patch(path, recording, bodyText, async (req, res) => {
    const { principal, account } = permitted(req, res, store.tokens, 'write');
    const body = validate<BirdRecordingUpdate>('bird-recording-update', jsonObject(req));
    if (!body.ok) throw invalidPayload(body.errors);
    const { call, recording } = req.params;
    const { leg, actor } = named(principal, account, call);
    const found = await find(principal, account, leg.uuid, recording);
    const { status } = body.value;
    if (status !== undefined) {
      // Its leg may be recorded again: what is asked of one recording is not done to the next.
      if (found.stop_reason !== undefined) throw new MetaflowsError('not_recording');
      await calls.run(leg.uuid, { module: 'record_call', data: { action: VERBS[status] } }, actor);
    }
    res.status(202).json(callRecording((await store.recordings.get(account, found.id)) ?? found));
  });
}

/** What the recorder is told; the channel comes back with the recording. */
export function recordData(body: BirdRecord, channel: string): RecordCallData {
  const { endKey } = body;
  return {
    action: 'start',
    origin: 'bird',
    client_state: channel,
    format: 'wav',
    channels: 'single',
    // A message is its speaker's: it does not go on with whoever the call is transferred to.
    follow_transfer: false,
    time_limit: body.maxLength ?? 0,
    silence_timeout: body.timeout ?? 0,
    play_beep: body.beep ?? false,
    transcribe: body.transcribe ?? false,
    transcribe_locale: body.transcribeLocale ?? 'en-US',
    ...(endKey !== undefined && { end_key: endKey }),
  };
}

/** A call flow is what Bird calls the commands of one call: here, the call. */
function accepted(recording: RecordingDocument, { end_key }: RecordCallData): object {
  const { call_id, interaction_id = call_id } = recording;
  return {
    command: {
      id: randomUUID(),
      callId: call_id,
      callFlowId: interaction_id,
      status: 'accepted',
      command: 'record',
      conditions: end_key === undefined ? [] : [{ variable: 'keys', operator: 'eq', value: end_key }],
    },
    recordingId: uuidOf(recording),
  };
}
