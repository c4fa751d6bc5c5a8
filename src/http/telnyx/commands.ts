/** `POST /v2/calls/{call_control_id}/actions/record_start`, `_stop`, `_pause`, `_resume`: commands to the one recorder. */
import type { Router } from 'express';
import type { RecordCallData } from '../../generated/record_call.js';
import type { TelnyxRecordCommand } from '../../generated/telnyx-record-command.js';
import type { TelnyxRecordStart } from '../../generated/telnyx-record-start.js';
import { validate, type Validated } from '../../schemas.js';
import { authenticated } from '../access.js';
import { bodyText, jsonObject } from '../body.js';
import { forbidden } from '../errors.js';
import { namedLeg } from '../legs.js';
import { idOf } from '../library.js';
import { described, ref, WRITERS } from '../openapi/operation.js';
import type { Channel, Deps } from '../ports.js';
import { TELNYX } from './dialect.js';
import {
  endedCall,
  invalidCall,
  invalidValues,
  noSuchRecording,
  recordedAlready,
  unansweredCall,
} from './errors.js';

/** How long a command's id is remembered, milliseconds. */
const REMEMBERED_MS = 60_000;

const VERBS = {
  record_stop: { verb: 'stop', name: 'TelnyxRecordStop', summary: 'Ends the recording of a call.' },
  record_pause: { verb: 'mask', name: 'TelnyxRecordPause', summary: 'Silences the recording of a call.' },
  record_resume: { verb: 'unmask', name: 'TelnyxRecordResume', summary: 'Ends that silence.' },
} as const;

const START_EXAMPLES = {
  'as at Telnyx': { format: 'wav', channels: 'single', play_beep: true },
  'the parties apart, an hour at most': {
    format: 'wav',
    channels: 'dual',
    max_length: 3600,
    client_state: 'bXkgc3RhdGU=',
  },
};

type Common = Pick<TelnyxRecordCommand, 'command_id'>;

export function commands(router: Router, { store, calls }: Deps): void {
  const serve = <T extends Common>(
    action: string,
    says: ReturnType<typeof said>,
    check: (body: unknown) => Validated<T>,
    dataOf: (body: T, leg: Channel, account: string) => RecordCallData | Promise<RecordCallData>,
  ) => {
    router.post(`/v2/calls/:id/actions/${action}`, says, bodyText, async (req, res) => {
      const principal = authenticated(req, res, store.tokens);
      if (principal.role === 'viewer') throw forbidden();
      const body = check(jsonObject(req));
      if (!body.ok) throw invalidValues(body.errors, 'pointer');
      const { id } = req.params;
      const named = namedLeg(calls, principal, id);
      if (named === 'unknown') throw invalidCall();
      const work = async () => {
        if (named === 'ended') throw endedCall();
        const { leg, actor } = named;
        const data = await dataOf(body.value, leg, actor.account);
        const { result } = await calls.run(leg.uuid, { module: 'record_call', data }, actor);
        if (result === 'already_recording') throw recordedAlready();
      };
      const { command_id } = body.value;
      if (command_id === undefined) await work();
      else {
        const owner = `telnyx/${principal.account ?? ''}`;
        await store.once.once(owner, JSON.stringify([id, command_id]), REMEMBERED_MS, work);
      }
      res.json({ data: { result: 'ok' } });
    });
  };

  const start = (body: unknown) => validate<TelnyxRecordStart>('telnyx-record-start', body);
  const summary = 'Records a call; answered when it has begun.';
  serve(
    'record_start',
    said('TelnyxRecordStart', summary, 'TelnyxRecordStart', START_EXAMPLES),
    start,
    (body, leg) => {
      if (!leg.answered) throw unansweredCall();
      return startData(body, leg.uuid, Date.now());
    },
  );
  const command = (body: unknown) => validate<TelnyxRecordCommand>('telnyx-record-command', body);
  for (const [action, { verb, name, summary }] of Object.entries(VERBS)) {
    const says = said(name, summary, 'TelnyxRecordCommand', { 'as at Telnyx': { command_id: action } });
    serve(action, says, command, async (body, leg, account) => {
      const { recording_id, client_state } = body;
      if (recording_id !== undefined) {
        const found = await store.recordings.get(account, idOf(recording_id) ?? '');
        const isOfCall = found?.stop_reason === undefined && found?.internal.parties.includes(leg.uuid);
        if (!isOfCall) throw noSuchRecording({ pointer: '/recording_id' });
      }
      return { action: verb, ...(client_state !== undefined && { client_state }) };
    });
  }
}

function said(name: string, summary: string, body: string, examples: Record<string, object>) {
  return described(TELNYX, name, {
    POST: {
      summary,
      roles: WRITERS,
      body: { schema: ref(body), examples },
      answer: ref('TelnyxDone'),
      errors: ['10005', '10010', '10012', '90015', '90018', '90020', '90034'],
    },
  });
}

/** What the recorder is told; `at` in epoch milliseconds. */
export function startData(body: TelnyxRecordStart, leg: string, at: number): RecordCallData {
  const { format, channels, custom_file_name = leg, transcription_language: language } = body;
  return {
    action: 'start',
    origin: 'telnyx',
    format,
    channels,
    media_name: `${custom_file_name}-${Math.floor(at / 1000)}.${format}`,
    recording_track: body.recording_track ?? 'both',
    time_limit: body.max_length ?? 0,
    silence_timeout: body.timeout_secs ?? 0,
    play_beep: body.play_beep ?? false,
    transcribe: body.transcription ?? false,
    ...(language !== undefined && language !== 'auto_detect' && { transcribe_locale: language }),
    ...(body.trim !== undefined && { trim: body.trim }),
    ...(body.client_state !== undefined && { client_state: body.client_state }),
  };
}
