import { expect } from 'chai';
import { Calls } from '../../src/calls/calls.js';
import { isMetaflowsError } from '../../src/errors.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { RecordingFiles } from '../../src/recording/files.js';
import { Recorder } from '../../src/recording/recorder.js';
import { create, IDENTITY, legData } from '../support/legs.js';
import { capturingLog } from '../support/log.js';
import { recordingDocument } from '../support/recordings.js';

describe('the recorder, where files come from the switch', () => {
  let calls: Calls;
  let asked: string[];
  let fetched: string[];

  const recorderWith = (stored: RecordingDocument[]): Recorder =>
    new Recorder({
      calls,
      switchOf: () => ({
        apis: (_key, commands) => {
          asked.push(...commands.map(({ command, args }) => `${command} ${args}`));
          return Promise.resolve(commands.map(() => 'false'));
        },
      }),
      store: {
        save: () => Promise.resolve(),
        unfinished: () => Promise.resolve(stored),
        get: () => Promise.resolve(undefined),
      },
      files: new RecordingFiles('/none'),
      transport: {
        fetch: ({ id, stop_reason }) => {
          fetched.push(`${id} ${stop_reason}`);
          return new Promise(() => undefined);
        },
      },
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
    });

  beforeEach(() => {
    calls = new Calls(IDENTITY);
    calls.apply('switch', create('leg-a'));
    asked = [];
    fetched = [];
  });

  it('starts nothing on a switch that could not send them, and says why', async () => {
    const error: unknown = await recorderWith([])
      .run({ data: {}, leg: calls.get('leg-a')!, by: 'api', owner: { account: 'a' }, at: 0 })
      .catch((reason: unknown) => reason);
    expect(isMetaflowsError(error, 'push_unavailable')).to.equal(true);
    expect(asked).to.deep.equal(['module_exists mod_http_cache']);
  });

  it('takes up again what had ended, once, however often the switch connects, though its leg is up', async () => {
    const doc: RecordingDocument = { ...recordingDocument(), stop_reason: 'code' };
    const recorder = recorderWith([doc]);
    for (let n = 0; n < 2; n++) await recorder.recover('switch', [legData('leg-a')]);
    await new Promise(setImmediate);
    expect(fetched).to.deep.equal([`${doc.id} code`]);
  });
});
