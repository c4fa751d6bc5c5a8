import { expect } from 'chai';
import type { CallRecording } from '../../src/generated/call_recording.js';
import {
  automaticOf,
  parametersFor,
  validateCallRecording,
  type CallRecordings,
  type Situation,
} from '../../src/recording/automatic.js';

const OUT: Situation = { direction: 'outbound', network: 'offnet' };

describe('which calls are recorded by themselves', () => {
  const on = (documents: CallRecordings, situation: Situation): boolean =>
    automaticOf(documents, situation) !== undefined;

  it('by direction and network', () => {
    const account: CallRecording = {
      inbound: { onnet: { enabled: true } },
      outbound: { any: { enabled: true } },
    };
    expect(on({ account }, { direction: 'inbound', network: 'onnet' })).to.equal(true);
    expect(on({ account }, { direction: 'inbound', network: 'offnet' })).to.equal(false);
    expect(on({ account }, { direction: 'outbound', network: 'onnet' })).to.equal(true);
    expect(on({ account }, OUT)).to.equal(true);
    expect(on({}, OUT)).to.equal(false);
  });

  it('while the other party is not known, by what holds for any', () => {
    const account: CallRecording = { outbound: { offnet: { enabled: true } } };
    expect(on({ account }, { direction: 'outbound', network: undefined })).to.equal(false);
    expect(
      on({ account: { any: { any: { enabled: true } } } }, { direction: 'inbound', network: undefined }),
    ).to.equal(true);
  });

  it('key by key: user over device over account, then the direction over any, then the network over any', () => {
    const documents: CallRecordings = {
      account: {
        any: { any: { enabled: true, format: 'mp3', label: 'account', time_limit: 60 } },
        outbound: { offnet: { record_min_sec: 5 } },
      },
      device: { any: { any: { label: 'device', time_limit: 70 } } },
      user: { any: { any: { label: 'user' }, offnet: { format: 'wav' } } },
    };
    expect(parametersFor(documents, OUT)).to.deep.equal({
      enabled: true,
      format: 'wav',
      label: 'user',
      time_limit: 70,
      record_min_sec: 5,
    });
    const specific: CallRecordings = {
      account: { outbound: { any: { enabled: true } } },
      user: { any: { any: { enabled: false }, offnet: { enabled: false } } },
    };
    expect(on(specific, OUT)).to.equal(true);
    expect(on({ ...specific, user: { outbound: { any: { enabled: false } } } }, OUT)).to.equal(false);
  });

  it('what it is started with: its origin unless the document says another, and not when it begins', () => {
    const account: CallRecording = {
      any: { any: { enabled: true, record_on_answer: true, url: 'https://a.example/' } },
    };
    expect(automaticOf({ account }, OUT)).to.deep.equal({
      data: { origin: 'automatic', url: 'https://a.example/' },
      atAnswer: true,
    });
    const user: CallRecording = { any: { any: { record_on_bridge: true, origin: 'theirs' } } };
    expect(automaticOf({ account, user }, OUT)).to.deep.equal({
      data: { origin: 'theirs', url: 'https://a.example/' },
      atAnswer: false,
    });
  });
});

describe('a call_recording document', () => {
  const errors = (value: unknown, { isAccount = true, playsFiles = true } = {}): string[] => {
    const result = validateCallRecording(value, { isAccount, playsFiles });
    return result.ok ? [] : Object.keys(result.errors);
  };
  const playing = (play: string, playsFiles = true): string[] =>
    errors({ consent: { play } }, { playsFiles });

  it('has Kazoo’s keys, and no others', () => {
    const parameters = {
      enabled: true,
      format: 'mp3',
      record_min_sec: 5,
      record_on_answer: true,
      record_on_bridge: false,
      record_sample_rate: 8000,
      time_limit: 600,
      url: 'https://a.example/recordings',
    };
    expect(
      errors({ inbound: { any: parameters, onnet: parameters }, any: { offnet: parameters } }),
    ).to.deep.equal([]);
    expect(errors({ inbund: {} })).to.deep.equal(['inbund']);
    expect(errors({ any: { any: { enable: true } } })).to.deep.equal(['any.any.enable']);
    expect(errors({ any: { any: { action: 'stop' } } })).to.deep.equal(['any.any.action']);
    expect(errors({ any: { any: { url: 'ftp://a.example/' } } })).to.deep.equal(['any.any.url']);
  });

  it('has consent for an account alone', () => {
    const value = { consent: { beep_interval: 15 } };
    expect(errors(value)).to.deep.equal([]);
    expect(errors(value, { isAccount: false })).to.deep.equal(['consent']);
  });

  it('plays tones and files below the site’s folder, and nothing that leads out of it or never ends', () => {
    for (const play of [
      'tone_stream://v=-7;%(300,100,440,620);loops=2',
      'consent.wav',
      'en/us/recorded-1.wav',
    ]) {
      expect(playing(play), play).to.deep.equal([]);
    }
    for (const play of [
      '/etc/passwd',
      '../a.wav',
      'en/../../a.wav',
      'en/./a.wav',
      '.hidden.wav',
      'a b.wav',
      'a.wav\nhupall',
      '${uuid}.wav',
      'http://a.example/a.wav',
      'tone_stream://path=/etc/passwd',
      'tone_stream://%(300,0,440);loops=-1',
      'tone_stream://',
      '',
    ]) {
      expect(playing(play), play).to.deep.equal(['consent.play']);
    }
  });

  it('plays files only where the site has a folder of them', () => {
    expect(playing('consent.wav', false)).to.deep.equal(['consent.play']);
    expect(playing('tone_stream://%(300,0,440)', false)).to.deep.equal([]);
  });
});
