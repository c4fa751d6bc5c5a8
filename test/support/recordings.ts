/** Recording documents for tests. */
import { documentOf } from '../../src/recording/document.js';
import { Calls } from '../../src/calls/calls.js';
import { RecordingFiles } from '../../src/recording/files.js';
import type { RecorderOptions } from '../../src/recording/ports.js';
import type { RecordCallData } from '../../src/generated/record_call.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { create, IDENTITY } from './legs.js';
import { capturingLog } from './log.js';

/** The document of a recording that 1001 of account `example.com` started, in state `recording`. */
export function recordingDocument(
  options: { startedAt?: number; data?: RecordCallData; account?: string; user?: string } = {},
): RecordingDocument {
  const { startedAt = 1_700_000_000_000, data = {}, account = 'example.com', user = '1001' } = options;
  const calls = new Calls(IDENTITY);
  calls.apply('switch', create('leg-a'));
  const leg = calls.get('leg-a')!;
  return documentOf({
    request: { data, leg, owner: { account, user } },
    target: leg,
    other: undefined,
    caller: leg,
    parties: [leg],
    ceiling: 86_400,
    at: startedAt,
  });
}

/** What a recorder needs, where a test asks for nothing of it. */
export function recorderOptions(calls: Calls): RecorderOptions {
  return {
    calls,
    switchOf: () => ({ apis: () => Promise.resolve([]) }),
    store: {
      save: () => Promise.resolve(),
      unfinished: () => Promise.resolve([]),
      get: () => Promise.resolve(undefined),
    },
    files: new RecordingFiles('/none'),
    dir: '/rec',
    ceiling: 60,
    settings: {
      follow_transfer: true,
      stop_automatic: false,
      stop_adopted: false,
      deliver_adopted: false,
      sounds_dir: '',
    },
    consentOf: () => undefined,
    beep: '',
    destinationOf: () => ({}),
    audit: () => Promise.resolve(),
    hasSpace: () => true,
    feedback: { play: () => Promise.resolve() },
    onEvent: () => Promise.resolve(),
    log: capturingLog().log,
  };
}
