/** Telnyx's errors: the table of `recording-apis.md`, and how what goes wrong here is said in its words. */
import type { ErrorRequestHandler, Response } from 'express';
import { isMetaflowsError, type ErrorCode } from '../../errors.js';
import type { KazooErrors } from '../../schemas.js';
import { isClientFault } from '../errors.js';
import { logOf } from '../requests.js';

/** Code, HTTP status, title and detail; `docs/telnyx.md` is checked against it. */
export const TELNYX_ERRORS = {
  10004: [422, 'Missing required parameter', 'A required parameter was missing.'],
  10005: [404, 'Resource not found', 'The requested resource or URL could not be found.'],
  10007: [500, 'Unexpected error', 'An unexpected error occurred.'],
  10009: [
    401,
    'Authentication failed',
    'The required authentication headers were either invalid or not included in the request.',
  ],
  10010: [
    403,
    'Authorization failed',
    'You do not have permission to perform the requested action on the specified resource or resources.',
  ],
  10011: [429, 'Too many requests', 'You have exceeded the maximum number of allowed requests.'],
  10012: [422, 'Duplicate resource', 'This call is being recorded already.'],
  10015: [400, 'Bad Request', 'The request failed because it was not well-formed.'],
  10032: [422, 'Invalid enumerated value', 'The value is none of those that are allowed.'],
  10033: [422, 'Value outside of range', 'The value is not within the range that is allowed.'],
  90015: [422, 'Invalid Call Control ID', 'The provided call_control_id was not valid.'],
  90018: [422, 'Call has already ended', "This call is no longer active and can't receive commands."],
  90020: [
    422,
    'Call recording triggered before audio started',
    'The call has no audio that could be recorded.',
  ],
  90034: [422, 'Call not answered yet', 'This call has not been answered yet.'],
} as const satisfies Record<number, readonly [status: number, title: string, detail: string]>;

export type TelnyxCode = keyof typeof TELNYX_ERRORS;

/** One thing that is wrong, and where: a JSON pointer into the body, or a parameter of the query. */
export interface TelnyxFault {
  code: TelnyxCode;
  source?: { pointer: string } | { parameter: string };
  /** Instead of the table's. */
  detail?: string;
}

export class TelnyxError extends Error {
  override readonly name = 'TelnyxError';
  readonly faults: readonly TelnyxFault[];

  /** With the status of the first fault, unless another is given. */
  constructor(
    faults: readonly [TelnyxFault, ...TelnyxFault[]],
    readonly status: number = TELNYX_ERRORS[faults[0].code][0],
  ) {
    super(TELNYX_ERRORS[faults[0].code][1]);
    this.faults = faults;
  }
}

const callId = { pointer: '/call_control_id' };

export const invalidCall = () => new TelnyxError([{ code: 90015, source: callId }]);
export const endedCall = () => new TelnyxError([{ code: 90018, source: callId }]);
export const unansweredCall = () => new TelnyxError([{ code: 90034, source: callId }]);
export const recordedAlready = () => new TelnyxError([{ code: 10012, source: callId }]);
export const noSuchRecording = (source?: TelnyxFault['source']) =>
  new TelnyxError([{ code: 10005, ...(source && { source }) }]);

/** What is wrong with the values of a body, or of a query, one fault for each. */
export function invalidValues(errors: KazooErrors, place: 'pointer' | 'parameter'): TelnyxError {
  const faults = Object.entries(errors).flatMap(([key, checks]) =>
    Object.entries(checks).map(([check, { target }]): TelnyxFault => {
      const source = place === 'pointer' ? { pointer: `/${key}` } : { parameter: key };
      return { source, ...faultOf(check, target) };
    }),
  );
  const [first = { code: 10015 as const }, ...others] = faults;
  return new TelnyxError([first, ...others], 422);
}

/** A number of the wrong type lies in no range, and what is neither true nor false is none of the allowed values. */
function faultOf(check: string, target: unknown): Pick<TelnyxFault, 'code' | 'detail'> {
  switch (check) {
    case 'required':
      return { code: 10004 };
    case 'enum':
      return { code: 10032, detail: `The value must be one of: ${[target].flat().join(', ')}.` };
    case 'minimum':
      return { code: 10033, detail: `The value must be at least ${String(target)}.` };
    case 'maximum':
      return { code: 10033, detail: `The value must be at most ${String(target)}.` };
    case 'minLength':
      return { code: 10033, detail: `The value must have at least ${String(target)} characters.` };
    case 'maxLength':
      return { code: 10033, detail: `The value must have at most ${String(target)} characters.` };
    case 'type':
      if (target === 'integer') return { code: 10033, detail: 'The value must be an integer.' };
      if (target === 'boolean') return { code: 10032, detail: 'The value must be one of: true, false.' };
      return { code: 10015, detail: `The value must be a ${String(target)}.` };
    case 'additionalProperties':
      return { code: 10015, detail: 'There is no such parameter.' };
    default:
      return { code: 10015, detail: 'The value is not in the correct format.' };
  }
}

/** What the recorder says, where it is no fault of the service. */
const RECORDER: Partial<Record<ErrorCode, TelnyxFault>> = {
  call_gone: { code: 90018, source: callId },
  not_recording: { code: 10005, source: callId, detail: 'Nothing records this call.' },
  no_audio: { code: 90020, source: callId },
  media_unavailable: { code: 90020, source: callId },
  loopback_leg: { code: 90015, source: callId },
  format_unavailable: {
    code: 10032,
    source: { pointer: '/format' },
    detail: 'The switch of this call cannot write this format.',
  },
  trim_unavailable: {
    code: 10032,
    source: { pointer: '/trim' },
    detail: 'Silence can be trimmed off wav recordings only.',
  },
  legal_hold: { code: 10010, detail: 'The recording is on legal hold.' },
  recording_running: { code: 10005 },
  file_gone: { code: 10005 },
};

const STATUSES: Record<number, TelnyxCode> = { 401: 10009, 403: 10010, 404: 10005, 429: 10011 };

export const telnyxErrors: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  const { status, faults } = telnyxErrorOf(error, res);
  res.status(status).json({
    errors: faults.map(({ code, source, detail = TELNYX_ERRORS[code][2] }) => ({
      code: String(code),
      title: TELNYX_ERRORS[code][1],
      detail,
      ...(source && { source }),
      meta: {},
    })),
  });
};

function telnyxErrorOf(error: unknown, res: Response): TelnyxError {
  if (error instanceof TelnyxError) return error;
  if (isMetaflowsError(error)) {
    const fault = RECORDER[error.code];
    if (fault) return new TelnyxError([fault]);
    logOf(res).warn('a request failed', { error });
    return new TelnyxError([{ code: 10007, detail: error.message }], error.status);
  }
  if (isClientFault(error)) {
    res.set(error.headers ?? {});
    return new TelnyxError([{ code: STATUSES[error.status] ?? 10015 }], error.status);
  }
  logOf(res).error('a request failed', { error });
  return new TelnyxError([{ code: 10007 }]);
}
