import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { isMetaflowsError, MetaflowsError } from '../../src/errors.js';
import type { RecordCallData } from '../../src/generated/record_call.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { happening, type Happening } from '../../src/recording/events.js';
import { masked, unmasked } from '../../src/recording/state.js';
import { DeliveryWorld } from '../support/delivery-world.js';
import { Receiver, type Received } from '../support/delivery.js';
import { storeEnded } from '../support/finished.js';
import { recordingDocument } from '../support/recordings.js';

const ACCOUNT = 'example.com';
const SOUND = Buffer.from('RIFF, and then a sound \r\n--of a call');
const KEY = 'sk-a-secret-of-the-site';

describe('transcription', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.start((url) => ({
      transcription: { url: `${url}/v1/audio/transcriptions`, api_key: KEY, model: 'whisper-1' },
    }));
  });
  afterEach(() => world.close());

  /** A recording as it is stored when it has ended, masked from one second to two. */
  function finished(
    data: RecordCallData = { transcribe: true },
    isMasked = true,
    happened: Happening[] = [],
  ): Promise<RecordingDocument> {
    const began = world.clock.now();
    const doc = recordingDocument({ startedAt: began, data });
    return storeEnded(
      world.store,
      world.folder,
      isMasked ? unmasked(masked(doc, began + 1000), began + 2000) : doc,
      { sound: SOUND, durationMs: 5000, happened },
    );
  }

  async function completed(data?: RecordCallData, isMasked?: boolean): Promise<RecordingDocument> {
    const recording = await finished(data, isMasked);
    await world.delivery.onEvent({ ...happening('completed', world.clock.now()), recording });
    await world.delivery.idle();
    return recording;
  }

  function says(answer: object | string, status = 200): void {
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
    world.receiver.respond((_request, response) => response.writeHead(status).end(text));
  }

  const segments = [
    { start: 0, end: 1, text: ' My number is' },
    { start: 1.1, end: 1.9, text: ' Thanks for watching!' },
    { start: 2, end: 4, text: ' Thank you.' },
  ];
  const ANSWER = { text: 'My number is Thanks for watching! Thank you.', language: 'english', segments };
  const TEXT = {
    status: 'completed',
    text: 'My number is Thank you.',
    segments: [
      { start_ms: 0, end_ms: 1000, text: 'My number is' },
      { start_ms: 2000, end_ms: 4000, text: 'Thank you.' },
    ],
  };

  const of = async ({ id }: RecordingDocument) =>
    (await world.store.recordings.get(ACCOUNT, id))?.transcription;
  const events = () => world.told.map(({ event }) => event);

  /** The fields and the file of a form, read as any server would. */
  async function form({ headers, body }: Received): Promise<FormData> {
    return new Response(body, { headers: { 'Content-Type': headers['content-type']! } }).formData();
  }

  it('sends the file in OpenAI’s way, and keeps what comes back but for the masked spans', async () => {
    says(ANSWER);
    const doc = await completed({ transcribe: true, transcribe_locale: 'en-US' });
    expect(world.receiver.received).to.have.lengthOf(1);
    const [received] = world.receiver.received;
    expect([received!.method, received!.url]).to.deep.equal(['POST', '/v1/audio/transcriptions']);
    expect(received!.headers).to.include({
      authorization: `Bearer ${KEY}`,
      'content-length': String(received!.body.length),
    });
    const sent = await form(received!);
    expect(sent.get('timestamp_granularities[]')).to.equal('segment');
    expect(sent.get('model')).to.equal('whisper-1');
    expect(sent.get('response_format')).to.equal('verbose_json');
    expect(sent.get('language')).to.equal('en');
    const file = sent.get('file') as File;
    expect([file.name, file.type]).to.deep.equal([`call_recording_${doc.id}.wav`, 'audio/wav']);
    expect(Buffer.from(await file.arrayBuffer())).to.deep.equal(SOUND);

    expect(await of(doc)).to.deep.equal({ ...TEXT, locale: 'en-US' });
    expect(events()).to.deep.equal(['recording.completed', 'recording.transcribed']);
    expect(world.told[1]?.recording).to.deep.include({
      id: doc.id,
      transcription: { ...TEXT, locale: 'en-US' },
    });
    expect(await world.outbox()).to.deep.equal([]);
    expect(world.lines.join()).not.to.include(KEY);
    expect(world.lines.join()).not.to.include('My number');
  });

  it('says pending until then, and makes no text of what nobody asked for', async () => {
    world.receiver.answer(503);
    const doc = await completed();
    expect(await of(doc)).to.deep.equal({ status: 'pending' });
    const other = await completed({});
    expect(await of(other)).to.equal(undefined);
    expect(world.receiver.received).to.have.lengthOf(1);
  });

  it('tries again for as long as an upload would be, across restarts', async () => {
    world.receiver.answer(503);
    const doc = await completed();
    await world.pass(10_000);
    await world.restart();
    await world.pass(60_000);
    const before = world.receiver.received.length;
    expect(before).to.be.greaterThan(3);
    says(ANSWER);
    await world.restart();
    await world.pass(3_600_000);
    expect(await of(doc)).to.deep.equal({ ...TEXT, locale: 'english' });
    expect(world.receiver.received).to.have.lengthOf(before + 1);
    expect(events().filter((event) => event === 'recording.transcribed')).to.have.lengthOf(1);
  });

  it('begins after a crash that came as soon as the recording was stored', async () => {
    says(ANSWER);
    const doc = await finished(undefined, true, [happening('completed', world.clock.now())]);
    await world.restart();
    await world.pass(0);
    expect(await of(doc)).to.include({ status: 'completed' });
  });

  it('tells of a text that was stored just before a crash', async () => {
    const doc = await finished();
    const change = (current: RecordingDocument): RecordingDocument => ({
      ...current,
      transcription: { status: 'completed', text: 'hello' },
    });
    await world.store.recordings.change(ACCOUNT, doc.id, change, [
      happening('transcribed', world.clock.now()),
    ]);
    await world.restart();
    await world.pass(0);
    expect(events()).to.deep.equal(['recording.transcribed']);
    expect(world.receiver.received).to.deep.equal([]);
  });

  it('makes the text that was asked for while another one was being made', async () => {
    const doc = await finished();
    const held: ServerResponse[] = [];
    const arrived = new Promise<void>((resolve) =>
      world.receiver.respond((_request, response) => {
        held.push(response);
        resolve();
      }),
    );
    await world.delivery.onEvent({ ...happening('completed', world.clock.now()), recording: doc });
    await arrived;
    await world.delivery.transcribe(doc, 'de-DE');
    says({ ...ANSWER, language: 'german' });
    held[0]!.end(JSON.stringify(ANSWER));
    await world.delivery.idle();
    expect((await form(world.receiver.received[1]!)).get('language')).to.equal('de');
    expect(await of(doc)).to.include({ status: 'completed', locale: 'de-DE' });
    expect(events()).to.deep.equal(['recording.completed', 'recording.transcribed']);
    expect(await world.outbox()).to.deep.equal([]);
  });

  for (const [what, answer, status, error] of [
    ['refuses the file', { error: { message: 'too large' } }, 413, 'http_status'],
    ['answers with something else', '<html>', 200, 'transcription_invalid'],
    ['says of a masked call not what was said when', { text: 'My number is' }, 200, 'transcription_untimed'],
  ] as const) {
    it(`fails for good where the endpoint ${what}`, async () => {
      says(answer, status);
      const doc = await completed();
      expect(await of(doc)).to.deep.equal({ status: 'failed', error });
      await world.pass(72 * 3_600_000);
      expect(world.receiver.received).to.have.lengthOf(1);
      expect(events()).to.deep.equal(['recording.completed']);
      expect(await world.outbox()).to.deep.equal([]);
    });
  }

  it('takes a text without times where nothing is masked', async () => {
    says({ text: 'hello' });
    const doc = await completed({ transcribe: true }, false);
    expect(await of(doc)).to.deep.equal({ status: 'completed', text: 'hello', segments: [] });
  });

  it('asks once for the text while the store does not take it', async () => {
    const minute = world.clock.now() + 60_000;
    await world.restart({
      recordings: {
        get: (account, id) => world.store.recordings.get(account, id),
        untold: (isOurs) => world.store.recordings.untold(isOurs),
        told: (event) => world.store.recordings.told(event),
        change: (...args) =>
          world.clock.now() < minute
            ? Promise.reject(new MetaflowsError('store_failed'))
            : world.store.recordings.change(...args),
      },
    });
    says(ANSWER);
    const doc = await completed();
    await world.pass(300_000);
    expect(await of(doc)).to.deep.equal({ ...TEXT, locale: 'english' });
    expect(world.receiver.received).to.have.lengthOf(1);
    expect(events().filter((event) => event === 'recording.transcribed')).to.have.lengthOf(1);
    expect(await world.outbox()).to.deep.equal([]);
  });

  it('tries again where the answer breaks off', async () => {
    world.receiver.respond((_request, response) => {
      response.writeHead(200, { 'Content-Length': '1000' });
      response.write('{"text":"My', () => response.destroy());
    });
    const doc = await completed();
    expect(await of(doc)).to.deep.equal({ status: 'pending' });
    says(ANSWER);
    await world.pass(10_000);
    expect(await of(doc)).to.include({ status: 'completed' });
  });

  it('tells its key to nobody whom a redirect names', async () => {
    const other = new Receiver();
    const elsewhere = await other.listen();
    world.receiver.answer(307, { location: `${elsewhere}/v1` });
    other.respond((_request, response) => response.end(JSON.stringify(ANSWER)));
    const doc = await completed();
    expect(other.received.map(({ headers }) => headers.authorization)).to.deep.equal([undefined]);
    expect(await of(doc)).to.include({ status: 'completed' });
    await other.close();
  });

  it('sends to no address that is not permitted', async () => {
    const denied = world.url.replace('127.0.0.1', '127.0.0.2');
    await world.restart({ transcription: { url: denied, model: 'whisper-1' } });
    const doc = await completed();
    expect(await of(doc)).to.deep.equal({ status: 'failed', error: 'address_denied' });
  });

  it('is off unless it is set up', async () => {
    await world.restart({ transcription: undefined });
    const doc = await completed();
    expect(await of(doc)).to.deep.equal({ status: 'failed', error: 'transcription_off' });
    const failure = await world.delivery.transcribe(doc).catch((error: unknown) => error);
    expect(isMetaflowsError(failure, 'transcription_off')).to.equal(true);
    expect(world.receiver.received).to.deep.equal([]);
  });

  it('sends nothing of a recording that is deleted', async () => {
    world.receiver.answer(503);
    const { id } = await completed();
    await world.store.recordings.delete(ACCOUNT, id);
    expect(await world.outbox()).to.deep.equal([]);
    await world.pass(3_600_000);
    expect(world.receiver.received).to.have.lengthOf(1);
  });
});
