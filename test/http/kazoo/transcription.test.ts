import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { RecordingDocument } from '../../../src/generated/recording.js';
import { asking, startApi, type Api, type Ask } from '../../support/api.js';
import { Receiver } from '../../support/delivery.js';
import { recordingDocument } from '../../support/recordings.js';

describe('Kazoo’s transcriptions', () => {
  let api: Api;
  let ask: Ask;
  let endpoint: Receiver;
  let doc: RecordingDocument;
  let path: string;

  beforeEach(async () => {
    endpoint = new Receiver();
    const transcription = { url: `${await endpoint.listen()}/v1/audio/transcriptions`, model: 'whisper-1' };
    api = await startApi({}, { transcription });
    ask = asking(api, (await api.store.tokens.create({ account: 'example.com', role: 'admin' })).token);
    doc = { ...recordingDocument({ data: { transcribe_locale: 'de-DE' } }), state: 'completed', size: 7 };
    path = `/v2/accounts/example.com/recordings/${doc.id}/transcription`;
    await mkdir(dirname(join(api.recordingsMount, doc.internal.file)), { recursive: true });
    await writeFile(join(api.recordingsMount, doc.internal.file), 'a sound');
    await api.store.recordings.save(doc);
    endpoint.respond((_request, response) => response.end('{"text":"Guten Tag"}'));
  });
  afterEach(async () => {
    await api.close();
    await endpoint.close();
  });

  it('are made afterwards, in the locale that is asked for, else the recording’s own', async () => {
    expect((await ask('GET', path)).body.data).to.deep.equal({});
    expect((await ask('POST', path)).body.data).to.deep.equal({ status: 'pending', locale: 'de-DE' });
    await api.delivery.idle();
    const text = { status: 'completed', locale: 'de-DE', text: 'Guten Tag', segments: [] };
    expect((await ask('GET', path)).body.data).to.deep.equal(text);
    const shown = await ask('GET', `/v2/accounts/example.com/recordings/${doc.id}`);
    expect(shown.body.data.transcription).to.deep.equal(text);

    const again = await ask('POST', path, { data: { locale: 'en-GB' } });
    expect(again.body.data).to.deep.equal({ status: 'pending', locale: 'en-GB' });
    await api.delivery.idle();
    expect((await ask('GET', path)).body.data).to.include({ status: 'completed', locale: 'en-GB' });
    expect(endpoint.received).to.have.lengthOf(2);
  });

  it('are refused with a reason', async () => {
    expect((await ask('POST', path, { data: { locale: 'de_DE' } })).status).to.equal(400);
    await api.store.recordings.save({ ...doc, state: 'masked' });
    const running = await ask('POST', path);
    expect([running.status, running.body.message]).to.deep.equal([409, 'recording_running']);
    const { size: _, ...without } = doc;
    await api.store.recordings.save({ ...without, state: 'discarded' });
    const gone = await ask('POST', path);
    expect([gone.status, gone.body.message]).to.deep.equal([404, 'file_gone']);
    const { token } = await api.store.tokens.create({ account: 'example.com', role: 'viewer' });
    expect((await asking(api, token)('POST', path)).status).to.equal(403);
    expect(endpoint.received).to.deep.equal([]);
  });
});
