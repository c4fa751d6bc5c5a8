import { expect } from 'chai';
import { formOf, transcriptOf } from '../../src/delivery/transcript.js';
import { recordingDocument } from '../support/recordings.js';

const segment = (start: number, end: number, text: string) => ({
  id: 0,
  start,
  end,
  text: ` ${text}`,
  tokens: [1],
});
const answer = (...segments: object[]) =>
  JSON.stringify({ text: ' all of it ', language: 'english', duration: 9, segments });

describe('transcripts', () => {
  it('are taken over, seconds as milliseconds', () => {
    expect(transcriptOf(answer(segment(0, 1.2345, 'one'), segment(2, 3, 'two')), [])).to.deep.equal({
      text: 'all of it',
      segments: [
        { start_ms: 0, end_ms: 1235, text: 'one' },
        { start_ms: 2000, end_ms: 3000, text: 'two' },
      ],
      language: 'english',
      timed: true,
    });
  });

  for (const [what, start, end, kept] of [
    ['before', 0, 4, true],
    ['after', 6, 8, true],
    ['within', 4.2, 5.8, false],
    ['around', 0, 10, false],
    ['the beginning, by more than times are off', 3, 4.501, false],
    ['the beginning, by no more than times are off', 3, 4.5, true],
    ['the end, by more than times are off', 5.4, 8, false],
    ['the end, by no more than times are off', 5.5, 8, true],
  ] as const) {
    it(`say ${kept ? 'what was said' : 'nothing of what lies'} ${what} of a mask`, () => {
      const body = answer(segment(0, 1, 'before'), segment(start, end, 'this'), segment(9, 10, 'after'));
      const { text, segments } = transcriptOf(body, [{ start_ms: 4000, end_ms: 6000 }])!;
      expect(text).to.equal(kept ? 'all of it' : 'before after');
      expect(segments.map((each) => each.text)).to.deep.equal(['before', ...(kept ? ['this'] : []), 'after']);
    });
  }

  it('add up what lies in several masks, and take nothing from those that cut', () => {
    const body = answer(segment(0, 10, 'this'));
    const short = [1000, 3000].map((start_ms) => ({ start_ms, end_ms: start_ms + 300 }));
    expect(transcriptOf(body, short)?.segments).to.deep.equal([]);
    expect(transcriptOf(body, [{ start_ms: 1000, end_ms: 1000 }])?.segments).to.have.lengthOf(1);
  });

  it('say whether it is known what was said when', () => {
    expect(transcriptOf('{"text":"all"}', [])).to.deep.equal({ text: 'all', segments: [], timed: false });
    expect(transcriptOf('{"text":"","segments":[]}', [])).to.include({ timed: true });
  });

  for (const body of [
    '',
    'null',
    '[]',
    '{}',
    '"text"',
    '{"text":1}',
    '{"text":"a","segments":[null]}',
    '{"text":',
  ]) {
    it(`are none where the answer is ${body || 'empty'}`, () => {
      expect(transcriptOf(body, [])).to.equal(undefined);
    });
  }

  it('are asked for with the language alone', () => {
    const doc = recordingDocument();
    const text = (locale?: string) => formOf(doc, 'whisper-1', locale).before.toString();
    expect(text('pt-BR')).to.match(/name="language"\r\n\r\npt\r\n/);
    expect(text()).not.to.include('language');
  });
});
