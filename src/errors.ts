/**
 * Every error that a person or a program can meet, in one table: its stable code, the HTTP status it
 * answers with, and the sentence. `npm run docs` makes `docs/errors.md` of it.
 */
export const ERRORS = {
  // what a call or a recording says
  not_recording: { status: 409, message: 'nothing records this call' },
  not_bridged: { status: 409, message: 'the leg is not bridged to another one' },
  call_gone: { status: 404, message: 'the call has ended' },
  mask_incomplete: { status: 502, message: 'a recorder of this call could not be masked' },
  unmask_incomplete: { status: 502, message: 'a recorder of this call could not be unmasked' },
  no_audio: { status: 502, message: 'the switch started the recording but the file does not grow' },
  format_unavailable: { status: 409, message: 'the switch cannot write this audio format' },
  push_unavailable: {
    status: 409,
    message: 'the switch cannot send files to this service: mod_http_cache is not loaded there',
  },
  trim_unavailable: { status: 409, message: 'silence can be trimmed off WAV recordings only' },
  media_unavailable: {
    status: 502,
    message: 'the media of the call could not be brought back to the switch',
  },
  loopback_leg: { status: 409, message: 'a loopback leg is never recorded' },
  stop_not_allowed: {
    status: 403,
    message: 'this recording goes on: only an admin may stop it',
  },
  recording_running: { status: 409, message: 'the recording has not ended yet' },
  disk_full: { status: 507, message: 'the disk of the recordings has too little room for another one' },
  // what a destination of recordings and webhooks says
  address_denied: { status: 403, message: 'the address of the destination is not permitted' },
  redirect_refused: { status: 502, message: 'the destination redirects to where nothing is sent' },
  destination_unreachable: { status: 502, message: 'the destination could not be reached' },
  destination_timeout: { status: 504, message: 'the destination did not answer in time' },
  file_gone: { status: 404, message: 'the recording has no file any more' },
  already_delivered: { status: 409, message: 'the destination has acknowledged the recording already' },
  push_refused: { status: 403, message: 'the link for sending this recording is not valid, or was used' },
  push_too_large: { status: 413, message: 'the file is larger than any recording can be' },
  push_missing: { status: 504, message: 'the switch did not send the file of the recording' },
  no_destination: { status: 409, message: 'the recording is to be sent nowhere' },
  // what is said of transcripts, and of what is kept
  transcription_off: { status: 409, message: 'this service is not set up to make text of recordings' },
  transcription_invalid: { status: 502, message: 'the endpoint of transcriptions answered with none' },
  transcription_untimed: {
    status: 502,
    message: 'the endpoint of transcriptions does not say when a text was said, and spans are masked',
  },
  legal_hold: { status: 409, message: 'the recording is on legal hold' },
  // what the switch says
  switch_refused: { status: 502, message: 'the switch refused the command' },
  switch_down: { status: 503, message: 'the switch is not connected' },
  switch_timeout: { status: 504, message: 'the switch did not answer in time' },
  connection_lost: { status: 503, message: 'the connection to the switch was lost before it answered' },
  not_acting: {
    status: 503,
    message: 'another instance acts for the switch of this call, or none does for the moment',
  },
  auth_refused: { status: 503, message: 'the switch refused the password' },
  acl_refused: { status: 503, message: 'the switch refuses connections from this address' },
  invalid_command: { status: 400, message: 'this cannot be said in a command to the switch' },
  // what a simulated phone says
  no_such_phone: { status: 404, message: 'there is no such phone' },
  phone_idle: { status: 409, message: 'the phone is not in a call' },
  phone_refused: { status: 409, message: 'the phone could not do that' },
  // what the service says
  shutting_down: { status: 503, message: 'the service is stopping' },
  store_failed: { status: 503, message: 'the database did not take or give a document' },
  database_unopenable: {
    status: 500,
    message: 'the database that METAFLOWS_DATABASE names cannot be opened',
  },
  address_unusable: {
    status: 500,
    message: 'nothing can listen at METAFLOWS_HTTP_HOST, METAFLOWS_HTTP_PORT',
  },
  recordings_unusable: {
    status: 500,
    message: 'the folder METAFLOWS_RECORDINGS_MOUNT, or else METAFLOWS_RECORDINGS_DIR, cannot be written to',
  },
} as const satisfies Record<string, { status: number; message: string }>;

/** A stable code of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS;

/** An error with a stable code; `detail` says what it was in this case, and never holds a secret or digits. */
export class MetaflowsError extends Error {
  override readonly name = 'MetaflowsError';
  readonly status: number;

  constructor(
    readonly code: ErrorCode,
    readonly detail?: string,
    options?: ErrorOptions,
  ) {
    super(detail === undefined ? ERRORS[code].message : `${ERRORS[code].message}: ${detail}`, options);
    this.status = ERRORS[code].status;
  }
}

/** Whether `error` is a {@link MetaflowsError}, with one of `codes` where any are given. */
export function isMetaflowsError(error: unknown, ...codes: ErrorCode[]): error is MetaflowsError {
  return error instanceof MetaflowsError && (codes.length === 0 || codes.includes(error.code));
}

/** Where an error came from, without its message, which may hold a digit. */
export function stackOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 5)
    .join(' ');
}
