import { expect } from 'chai';
import { Calls } from '../../src/calls/calls.js';
import { Recorder } from '../../src/recording/recorder.js';
import { Bugs } from '../support/bugs.js';
import { bridge, create, IDENTITY, legData } from '../support/legs.js';
import { recorderOptions, recordingDocument } from '../support/recordings.js';

describe('the recorder, where the switch has recorders of ours that it does not know of there', () => {
  it('goes on where one was moved while its leg is up, and ends one that belongs to no recording', async () => {
    const calls = new Calls(IDENTITY);
    for (const uuid of ['leg-a', 'leg-b']) calls.apply('switch', create(uuid, { answered: true }));
    calls.apply('switch', bridge('leg-a', 'leg-b'));
    const bugs = new Bugs();
    const doc = recordingDocument({ startedAt: Date.now() });
    const lost = recordingDocument().internal.file;
    const internal = { ...doc.internal, switch: 'switch', leg: 'leg-a', parties: ['leg-a', 'leg-b'] };
    bugs.masked.set(`leg-b /rec/${internal.file}`, false);
    bugs.masked.set(`leg-a /rec/${lost}`, false);
    let isStored = (): void => undefined;
    const goesOn = new Promise<void>((resolve) => (isStored = resolve));
    const recorder = new Recorder({
      ...recorderOptions(calls),
      switchOf: () => ({ apis: (_key, commands) => bugs.apis(commands) }),
      store: {
        save: ({ segments, state }) => {
          expect(state).to.equal('recording');
          if (segments.length === 2) isStored();
          return Promise.resolve();
        },
        unfinished: () => Promise.resolve([{ ...doc, internal }]),
        get: () => Promise.resolve(undefined),
      },
    });
    bugs.emit = (event) => recorder.handle(event);
    await recorder.recover('switch', [legData('leg-a'), legData('leg-b')]);
    await goesOn;
    const paths = [...bugs.masked.keys()];
    expect(paths).to.have.lengthOf(1);
    expect(paths[0]).to.match(/-2\.wav$/);
    await recorder.close();
  });
});
