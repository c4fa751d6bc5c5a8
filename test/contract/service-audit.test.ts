import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { verify, type AuditLine, type Head, type StoredLine } from '../../src/audit/chain.js';
import { Receiver } from '../support/delivery.js';
import { eventually } from '../support/lab-service.js';
import { talk } from './commands.js';
import { useLab, useService } from './shared-lab.js';

describe('contract: the service, what is accounted for and made text of', () => {
  let folder: string;
  let endpoint: Receiver;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-audit-'));
    endpoint = new Receiver();
    const url = `${await endpoint.listen()}/v1/audio/transcriptions`;
    await writeFile(
      join(folder, 'config.json'),
      JSON.stringify({ transcription: { url, model: 'whisper-1' } }),
    );
  });
  const lab = useLab();
  const service = useService(lab, () => ({
    CONFIG: join(folder, 'config.json'),
    DELIVERY_ALLOW: '127.0.0.1/32',
  }));
  after(async () => {
    await endpoint.close();
    await rm(folder, { recursive: true });
  });
  afterEach(() => lab().phones.hangupAll());

  const path = (id: string, rest: string) => `/accounts/${lab().domain}/recordings/${id}${rest}`;

  it('a recording’s life, from its start to after its deletion', async () => {
    const call = await lab().phones.call('1001', '1002');
    await service().bound(call.caller);
    expect(await service().code(call.caller, '*72')).to.equal('refused');
    for (const code of ['*71', '*72']) expect(await service().code(call.caller, code)).to.equal('done');
    await talk(300);
    await service().record(call.caller, { action: 'unmask' });
    await service().record(call.caller, { action: 'stop' });
    const doc = await service().recording(call.caller, 'completed');
    await service().audio(doc);
    expect((await service().ask('PUT', path(doc.id, '/hold'))).status).to.equal(200);
    expect((await service().ask('DELETE', path(doc.id, ''))).status).to.equal(409);
    await service().ask('DELETE', path(doc.id, '/hold'));
    expect((await service().ask('DELETE', path(doc.id, ''))).status).to.equal(200);

    const { data } = await service().ask('GET', path(doc.id, '/audit'));
    const lines = data as unknown as AuditLine[];
    expect(
      lines.map(({ action, by, result, user_id, call_id, token_id }) =>
        [action, by, result, user_id, call_id, token_id].join(' ').trim(),
      ),
    ).to.deep.equal([
      `start code ok 1001 ${call.caller.uuid}`,
      `mask code ok 1001 ${call.caller.uuid}`,
      'unmask api ok 1001  admin',
      'stop api ok 1001  admin',
      'download api ok   admin',
      'hold api ok   admin',
      'deletion api legal_hold   admin',
      'unhold api ok   admin',
      'deletion api begun   admin',
      'deletion api ok   admin',
    ]);
    const all = await service().ask('GET', '/audit');
    const chain = all.data as unknown as { heads: Head[]; lines: StoredLine[] };
    const [first] = chain.lines.map(({ line }) => line as AuditLine);
    expect(first).to.include({ action: 'mask', result: 'not_recording', call_id: call.caller.uuid });
    expect(chain.lines).to.have.lengthOf(lines.length + 1);
    expect(await verify(chain.heads, each(chain.lines), () => Promise.resolve([]))).to.deep.equal([]);
  });

  it('text is made of a recording that was started so, but for what was masked', async () => {
    endpoint.respond((_request, response) => {
      const segments = [
        { start: 0, end: 0.1, text: ' Hello.' },
        { start: 0.5, end: 1.5, text: ' Thanks for watching!' },
      ];
      response.end(JSON.stringify({ text: 'Hello. Thanks for watching!', language: 'english', segments }));
    });
    const call = await lab().phones.call('1001', '1002');
    await service().record(call.caller, { action: 'start', transcribe: true, transcribe_locale: 'en-GB' });
    await service().record(call.caller, { action: 'mask' });
    await talk(2000);
    await service().record(call.caller, { action: 'stop' });
    const { id } = await service().recording(call.caller, 'completed');
    const transcription = await eventually('text', async () => {
      const { data } = await service().ask('GET', path(id, '/transcription'));
      return data.status === 'completed' ? data : undefined;
    });
    expect(transcription).to.deep.equal({
      status: 'completed',
      locale: 'en-GB',
      text: 'Hello.',
      segments: [{ start_ms: 0, end_ms: 100, text: 'Hello.' }],
    });
    expect(endpoint.received[0]?.body.includes('RIFF')).to.equal(true);
  });
});

async function* each(lines: StoredLine[]): AsyncGenerator<StoredLine> {
  for (const line of lines) yield await Promise.resolve(line);
}
