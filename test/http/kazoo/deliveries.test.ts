import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';

import type { RecordingDocument } from '../../../src/generated/recording.js';
import { happening } from '../../../src/recording/events.js';
import { ended, withDelivery } from '../../../src/recording/state.js';
import { ADMIN_TOKEN, asking, startApi, type Api, type Ask } from '../../support/api.js';
import { Receiver } from '../../support/delivery.js';
import { recordingDocument } from '../../support/recordings.js';

const ACCOUNT = '/v2/accounts/example.com';

describe('deliveries', () => {
  let api: Api;
  let ask: Ask;
  let receiver: Receiver;
  let url: string;

  beforeEach(async () => {
    api = await startApi();
    ask = asking(api, ADMIN_TOKEN);
    receiver = new Receiver();
    url = await receiver.listen();
  });
  afterEach(async () => {
    await receiver.close();
    await api.close();
  });

  async function completed(to?: string): Promise<RecordingDocument> {
    const doc = recordingDocument(to === undefined ? {} : { data: { url: to } });
    const file = join(api.recordingsMount, doc.internal.file);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, 'sound');
    const recording = withDelivery(ended(doc, { state: 'completed', reason: 'hangup', durationMs: 1 }));
    await api.store.recordings.save(recording);
    await api.delivery.onEvent({ ...happening('completed', Date.now()), recording });
    await api.delivery.idle();
    return recording;
  }

  it('that failed are shown by the recording, listed, and made again', async () => {
    receiver.answer(415);
    const { id } = await completed(url);
    const delivered = await completed(url).then((doc) => doc.id);
    const at = `${ACCOUNT}/recordings/${id}`;
    expect((await ask('GET', at)).body.data).to.include({ delivery: 'failed' });
    const shown = (await ask('GET', `${at}/delivery`)).body.data;
    const { timestamp } = shown['last_error'] as { timestamp: number };
    expect(shown).to.deep.equal({
      recording_id: id,
      state: 'failed',
      host: new URL(url).host,
      attempts: 1,
      last_error: { reason: 'http_status', response_code: 415, timestamp },
    });
    expect(timestamp).to.be.closeTo(Date.now() / 1000 + 62_167_219_200, 5);

    receiver.answer(200);
    await ask('POST', `${ACCOUNT}/recordings/${delivered}/delivery`);
    await api.delivery.idle();
    expect((await ask('GET', `${ACCOUNT}/deliveries`)).body.data).to.deep.equal([shown]);
    const again = await ask('POST', `${at}/delivery`);
    expect([again.status, again.body.data['state']]).to.deep.equal([200, 'pending']);
    await api.delivery.idle();
    expect((await ask('GET', `${at}/delivery`)).body.data).to.include({ state: 'delivered' });
    expect((await ask('GET', `${ACCOUNT}/deliveries`)).body.data).to.deep.equal([]);
    const third = await ask('POST', `${at}/delivery`);
    expect([third.status, third.body.message]).to.deep.equal([409, 'already_delivered']);
  });

  it('that may go better later are pending, with the time of the next attempt', async () => {
    receiver.answer(500);
    const { id } = await completed(url);
    const { data } = (await ask('GET', `${ACCOUNT}/recordings/${id}/delivery`)).body;
    expect(data).to.include({ state: 'pending', attempts: 1 });
    expect(data['next_attempt']).to.be.closeTo(Date.now() / 1000 + 62_167_219_200 + 3, 3);
  });

  it('are nothing where a recording is to be sent nowhere', async () => {
    const { id } = await completed();
    const at = `${ACCOUNT}/recordings/${id}/delivery`;
    expect((await ask('GET', at)).body.data).to.deep.equal({});
    const asked = await ask('POST', at);
    expect([asked.status, asked.body.message]).to.deep.equal([409, 'no_destination']);
  });

  it('are for whoever may see the recording', async () => {
    const { id } = await completed(url);
    const own = async (user: string) => {
      const { token } = await api.store.tokens.create({ account: 'example.com', role: 'user', user });
      const asked = asking(api, token);
      return [
        (await asked('GET', `${ACCOUNT}/recordings/${id}/delivery`)).status,
        (await asked('GET', `${ACCOUNT}/deliveries`)).status,
      ];
    };
    expect(await own('1001')).to.deep.equal([200, 403]);
    expect(await own('1002')).to.deep.equal([404, 403]);
  });
});
