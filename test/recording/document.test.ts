import { expect } from 'chai';
import { Calls } from '../../src/calls/calls.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { adoptedDocument, isAdopted, switchPath } from '../../src/recording/document.js';
import { create, IDENTITY } from '../support/legs.js';

const DIR = '/var/recordings';
const calls = new Calls(IDENTITY);
calls.apply('switch', create('leg-a'));
const leg = calls.get('leg-a')!;

function adopted(path: string): RecordingDocument | undefined {
  return adoptedDocument(
    {
      path,
      owner: { account: 'example.com', user: '1001' },
      ownerLeg: leg,
      destination: { url: 'https://a.example/', method: 'put' },
    },
    DIR,
    { target: leg, other: undefined, caller: leg, parties: [leg], ceiling: 60, at: 1_700_000_000_000 },
  );
}

describe('the document of an adopted recording', () => {
  it('names the file where it lies below the recordings folder', () => {
    const doc = adopted(`${DIR}/archive/a b.WAV`)!;
    expect(isAdopted(doc)).to.equal(true);
    expect(doc).to.include({
      origin: 'adopted',
      name: 'a b.WAV',
      media_type: 'wav',
      url: 'https://a.example/',
    });
    expect(doc.internal.file).to.equal('archive/a b.WAV');
    expect(doc.segments).to.deep.equal([{ call_id: 'leg-a', file: 'archive/a b.WAV', start_ms: 0 }]);
  });

  it('names no file that there is, and goes nowhere, where it lies outside', () => {
    for (const path of ['/etc/a.wav', `${DIR}/../a.wav`, `${DIR}/b/../../a.wav`, `${DIR}-2/a.wav`]) {
      const doc = adopted(path)!;
      expect(doc, path).not.to.have.property('url');
      expect(doc.internal.file).to.equal(`example.com/2023/11/14/${doc.id}.wav`);
      expect(doc.segments[0]!.file).to.equal(doc.internal.file);
      expect(switchPath(doc, DIR)).to.equal(path);
    }
  });

  it('is not made of what is neither WAV nor MP3', () => {
    expect(adopted(`${DIR}/a.mp4`)).to.equal(undefined);
    expect(adopted(`${DIR}/a.mp3`)?.content_type).to.equal('audio/mpeg');
  });
});
