import { expect } from 'chai';
import { uuidDigits } from '../../src/uuid.js';
import { parseWav } from '../support/wav.js';
import { masksAreWhereTheDocumentSays } from './audible.js';
import { heardIn } from './audio.js';
import { PLAIN_WORDS, SECRET_WORD } from './conversation.js';
import type { CallJournal } from './journal.js';
import * as verdicts from './verdicts.js';
import type { Observed } from './observed.js';

const RATE = 8000;
const ID = '202611-00000000000000000000000000000001';
const [WORD = 0] = PLAIN_WORDS;

/** A WAV file of tones one after the other, 0 Hz being exact silence. */
function wav(...parts: [hz: number, ms: number][]): Buffer {
  const samples = parts.flatMap(([hz, ms]) =>
    Array.from({ length: (ms * RATE) / 1000 }, (_, n) =>
      hz === 0 ? 0 : Math.round(5000 * Math.cos((2 * Math.PI * hz * n) / RATE)),
    ),
  );
  const bytes = Buffer.alloc(44 + samples.length * 2);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(samples.length * 2, 40);
  samples.forEach((sample, n) => bytes.writeInt16LE(sample, 44 + 2 * n));
  return bytes;
}

const hear = (...parts: [hz: number, ms: number][]) => new Map([[ID, heardIn(parseWav(wav(...parts)))]]);

const CALL: CallJournal = {
  id: '0.1',
  legs: ['leg-a', 'leg-b'],
  asked: [
    { action: 'start', leg: 'leg-a', at: 100, outcome: 'done' },
    { action: 'mask', leg: 'leg-a', at: 1100, outcome: 'done' },
  ],
  words: [
    { hz: WORD, kind: 'plain', from: 200, to: 800 },
    { hz: SECRET_WORD, kind: 'secret', from: 1200, to: 1800 },
  ],
  beganAt: 0,
  endedAt: 4000,
};

const entry = (action: 'start' | 'mask') => ({ action, at: '', by: 'code' as const, result: 'ok' });

/** A call that went well: a second of a word, a second masked, a second of a telephone's tone. */
function well(): Observed {
  return {
    calls: [CALL],
    faults: [],
    posts: [{ user: '2001', marker: 1, acknowledged: true }],
    recordings: [
      {
        id: ID,
        state: 'completed',
        call_id: 'leg-a',
        mask_intervals: [{ start_ms: 1000, end_ms: 2000 }],
        segments: [{ call_id: 'leg-b', file: 'a.wav', start_ms: 0 }],
        audit: [entry('start'), entry('mask')],
        url: 'http://upload.test',
        delivery: 'delivered',
        sha256: 'aa',
      } as unknown as Observed['recordings'][number],
    ],
    heard: hear([WORD, 1000], [0, 1000], [440, 1000]),
    sums: new Map([[ID, 'aa']]),
    files: ['a.wav'],
    stored: new Map([['2001', 1]]),
    uploads: new Map([[ID, 'aa']]),
    told: new Map([
      [ID, new Set(['started', 'masked', 'stopped', 'completed'].map((each) => `recording.${each}`))],
    ]),
    tellingLines: [],
    mishaps: [],
    before: { counts: { Timeout: 3 }, heap: 1000 },
    after: { counts: { Timeout: 3 }, heap: 1000 },
  };
}

/** What is wrong where `changes` is what was observed. */
function wrong(changes: Partial<Observed>): string[] {
  const observed = { ...well(), ...changes };
  return verdicts.VERDICTS.filter((verdict) => verdict(observed).violations.length > 0).map(
    ({ name }) => name,
  );
}

const recordings = (changes: object) => ({ recordings: [{ ...well().recordings[0]!, ...changes }] });

describe('chaos: the verdicts', () => {
  it('find nothing wrong where nothing is', () => {
    expect(wrong({})).to.deep.equal([]);
  });

  it('are wrong where there is nothing to look at', () => {
    const judged = (changes: Partial<Observed>) =>
      verdicts
        .judge({ ...well(), ...changes })
        .filter(({ violations }) => violations.length > 0)
        .map(({ what }) => what);
    expect(judged({})).to.deep.equal([]);
    expect(judged({ posts: [], stored: new Map() })).to.deep.equal(['acknowledged POSTs are there']);
    const silent = [{ ...CALL, asked: [], words: [] }];
    expect(judged({ calls: silent, recordings: [], files: [] })).to.have.length.above(7);
  });

  it('see 300 ms of a tone inside the mask, and a mask that is 300 ms from where the document says', () => {
    const name = ['masksAreWhereTheDocumentSays'];
    expect(wrong({ heard: hear([WORD, 1000], [0, 350], [440, 300], [0, 350], [440, 1000]) })).to.deep.equal(
      name,
    );
    expect(wrong({ heard: hear([WORD, 1300], [0, 1000], [440, 700]) })).to.deep.equal(name);
    const lost = { faults: [{ what: '', kind: 'disk_full', from: 3000, to: 3500 }] };
    expect(wrong({ heard: hear([WORD, 1300], [0, 1000], [440, 700]), ...lost })).to.deep.equal([]);
    expect(wrong({ heard: hear([WORD, 1200], [0, 1000], [440, 800]) })).to.deep.equal([]);
  });

  it('see silence that no document has', () => {
    expect(wrong(recordings({ mask_intervals: [] }))).to.deep.equal(['masksAreWhereTheDocumentSays']);
    const lasting = hear([WORD, 1000], [0, 2000]);
    expect(wrong({ heard: lasting })).to.deep.equal(['masksAreWhereTheDocumentSays']);
  });

  it('see it also where the switch crashed, unless nobody had heard that it masked', () => {
    const unsaid = recordings({ mask_intervals: [] });
    const faults = [{ what: '', kind: 'switch_crash', from: 1500, to: 1600 }];
    expect(wrong({ ...unsaid, faults })).to.deep.equal(['masksAreWhereTheDocumentSays']);
    const asked = CALL.asked.map((each) => ({ ...each, outcome: 'nothing' as const }));
    const calls = [{ ...CALL, asked }];
    expect(wrong({ ...unsaid, calls })).to.deep.equal(['masksAreWhereTheDocumentSays']);
    expect(wrong({ ...unsaid, calls, faults })).to.deep.equal([]);
    const { excused } = masksAreWhereTheDocumentSays({ ...well(), ...unsaid, calls, faults });
    expect(excused).to.equal(1);
  });

  it('hear a secret that was said while masked', () => {
    expect(wrong({ heard: hear([WORD, 1000], [0, 1000], [SECRET_WORD, 300], [440, 700]) })).to.deep.equal([
      'noSecretIsHeard',
    ]);
  });

  it('miss a word that was said in clear, unless the switch or the disk lost it', () => {
    const heard = hear([440, 1000], [0, 1000], [440, 1000]);
    expect(wrong({ heard })).to.deep.equal(['plainWordsAreHeard']);
    const fault = (kind: string, from: number) => ({ faults: [{ what: '', kind, from, to: from + 100 }] });
    expect(wrong({ heard, ...fault('switch_crash', 900) })).to.deep.equal([]);
    expect(wrong({ heard, ...fault('switch_crash', 150) })).to.deep.equal([]);
    expect(wrong({ heard, ...fault('switch_crash', 100) })).to.deep.equal(['plainWordsAreHeard']);
    expect(wrong({ heard, ...fault('disk_full', 500) })).to.deep.equal([]);
    expect(wrong({ heard, ...fault('kill', 500) })).to.deep.equal(['plainWordsAreHeard']);
  });

  it('see a recording that has not ended, and one that failed without a reason', () => {
    expect(wrong(recordings({ state: 'masked' }))).to.include('everyRecordingEnded');
    expect(wrong(recordings({ state: 'failed' }))).to.include('everyRecordingEnded');
    const told = new Map([[ID, new Set([...well().told.get(ID)!, 'recording.failed'])]]);
    expect(wrong({ ...recordings({ state: 'failed', failure: 'no_audio' }), told })).to.deep.equal([]);
  });

  it('see a recording that nobody asked for, and one that was confirmed and is not there', () => {
    const calls = [{ ...CALL, asked: CALL.asked.slice(1) }];
    expect(wrong({ calls })).to.deep.equal(['nobodyElseRecords']);
    expect(wrong(recordings({ call_id: 'leg-c' }))).to.include.members([
      'everyStartIsARecording',
      'nobodyElseRecords',
    ]);
    const named = { ...CALL.asked[0]!, recording: 'another' };
    expect(wrong({ calls: [{ ...CALL, asked: [named] }] })).to.deep.equal(['everyStartIsARecording']);
  });

  it('see a POST that was acknowledged and is lost, not one that was not', () => {
    const posts = [1, 2, 3].map((marker) => ({ user: '2001', marker, acknowledged: marker < 3 }));
    expect(wrong({ posts, stored: new Map([['2001', 1]]) })).to.deep.equal(['postsAreThere']);
    expect(wrong({ posts, stored: new Map([['2001', undefined]]) })).to.deep.equal(['postsAreThere']);
    expect(wrong({ posts, stored: new Map([['2001', 2]]) })).to.deep.equal([]);
    expect(wrong({ posts, stored: new Map([['2001', 3]]) })).to.deep.equal([]);
  });

  it('see files without document, documents without file, and files that are not what the document says', () => {
    expect(wrong({ files: ['a.wav', 'a-2.wav'] })).to.deep.equal(['noOrphans']);
    expect(wrong({ sums: new Map() })).to.deep.equal(['noOrphans']);
    const began = 1_795_000_000_000;
    const files = ['a.wav', `202611-${uuidDigits(began)}.wav`];
    const fault = (kind: string, from: number, to: number) => ({
      what: '',
      kind,
      from: began + from,
      to: began + to,
    });
    const killed = fault('kill_at', 300, 2000);
    const crashed = fault('switch_crash', 2500, 3000);
    expect(wrong({ files, faults: [killed, crashed] })).to.deep.equal([]);
    // it was stored, or could be: the service was there before, or after
    for (const faults of [[killed], [crashed], [killed, fault('switch_crash', 5000, 6000)]])
      expect(wrong({ files, faults })).to.deep.equal(['noOrphans']);
    const late = fault('kill', 1500, 2000);
    expect(wrong({ files, faults: [late, crashed] })).to.deep.equal(['noOrphans']);
    expect(wrong({ sums: new Map([[ID, 'bb']]) })).to.deep.equal(['noOrphans']);
    expect(wrong(recordings({ state: 'discarded', url: undefined }))).to.include('noOrphans');
  });

  it('see an event that was not told, and an upload that did not arrive as it was', () => {
    expect(wrong({ told: new Map() })).to.deep.equal(['everyEventIsTold']);
    const steps = (...actions: ('mask' | 'unmask')[]) =>
      recordings({ audit: actions.map((action) => ({ action, at: '', by: 'code', result: 'ok' })) });
    expect(wrong(steps('mask', 'mask'))).to.deep.equal([]);
    expect(wrong(steps('mask', 'unmask'))).to.deep.equal(['everyEventIsTold']);
    // of what was not masked: nothing changed
    expect(wrong(steps('unmask', 'mask'))).to.deep.equal([]);
    expect(wrong({ uploads: new Map() })).to.deep.equal(['everyUploadArrived']);
    expect(wrong({ uploads: new Map([[ID, 'bb']]) })).to.deep.equal(['everyUploadArrived']);
    expect(wrong(recordings({ delivery: 'pending' }))).to.deep.equal(['everyUploadArrived']);
  });

  it('see a telling line, an end that nobody brought about, and what stays behind', () => {
    expect(wrong({ tellingLines: ['…'] })).to.deep.equal(['logsAreClean']);
    expect(wrong({ mishaps: ['…'] })).to.deep.equal(['serviceIsWell']);
    expect(wrong({ after: { counts: { Timeout: 13 }, heap: 1000 } })).to.deep.equal(['nothingStays']);
    expect(wrong({ after: { counts: { Timeout: 3 }, heap: 1e9 } })).to.deep.equal(['nothingStays']);
  });
});
