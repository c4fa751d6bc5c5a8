/** A real service on its embedded softswitch, and what there has to be in it for each operation of the API. */
import { uuidOf } from '../../src/http/library.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import type { Service } from '../../src/service.js';
import { eventually } from './lab-service.js';

export const TOKEN = 'the admin token';
export const ACCOUNT = 'demo';
export const USER = '1001';

/** What there has to be before an operation can do its work. */
type Situation = (service: World, example: string) => Promise<Record<string, string>>;

/** The service with its embedded softswitch, and what tests make there. */
export class World {
  constructor(
    readonly service: Service,
    readonly receiver: string,
  ) {}

  async ask(method: string, path: string, data?: object): Promise<unknown> {
    const response = await fetch(`${this.service.url}/v2${path}`, {
      method,
      headers: { 'X-Auth-Token': TOKEN },
      ...(data && { body: JSON.stringify({ data }) }),
    });
    const { data: answered } = (await response.json()) as { data: unknown };
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answered)}`);
    return answered;
  }

  /** The leg of 1001, which talks with 1002. */
  async call(): Promise<string> {
    const phones = this.service.softswitch!;
    await phones.hangup(USER).catch(() => undefined);
    await phones.call(USER, '1002');
    return eventually('the bridged leg', async () => {
      const legs = (await this.ask('GET', `/accounts/${ACCOUNT}/users/${USER}/channels`)) as Leg[];
      return legs.find(({ answered, other_leg }) => answered && other_leg !== undefined)?.uuid;
    });
  }

  /** A call that is recorded. */
  async recorded(data: object = {}): Promise<{ call: string; recording: RecordingDocument }> {
    const call = await this.call();
    const { recording } = (await this.run(call, { action: 'start', ...data })) as {
      recording: RecordingDocument;
    };
    return { call, recording };
  }

  run(call: string, data: object): Promise<unknown> {
    const node = { module: 'record_call', data };
    return this.ask('PUT', `/accounts/${ACCOUNT}/channels/${call}`, { action: 'metaflow', data: node });
  }

  /** A recording that is complete, and, where `until` is given, as that says. */
  async completed(
    data: object = {},
    until: (doc: RecordingDocument) => boolean = () => true,
  ): Promise<RecordingDocument> {
    const { call, recording } = await this.recorded(data);
    await this.run(call, { action: 'stop' });
    return eventually('the recording', async () => {
      const path = `/accounts/${ACCOUNT}/recordings/${recording.id}`;
      const doc = (await this.ask('GET', path)) as RecordingDocument;
      return doc.state === 'completed' && until(doc) ? doc : undefined;
    });
  }
}

interface Leg {
  uuid: string;
  answered: boolean;
  other_leg?: string;
}

const talking: Situation = async (world) => ({ call: await world.call() });

/** Recorded, masked where the example ends a mask, and neither where it starts a recording. */
const asNeeded: Situation = async (world, example) => {
  if (/start|format/i.test(example)) return talking(world, example);
  const { call, recording } = await world.recorded();
  if (/resume|ongoing/i.test(example)) await world.run(call, { action: 'mask' });
  return { call, recording: uuidOf(recording) };
};

const completed: Situation = async (world) => idsOf(await world.completed());

/** Sent to where nobody takes it. */
const undelivered: Situation = async (world) =>
  idsOf(await world.completed({ url: `${world.receiver}/refuse` }, ({ delivery }) => delivery === 'failed'));

const transcribed: Situation = async (world) =>
  idsOf(
    await world.completed({ transcribe: true }, ({ transcription }) => transcription?.status === 'completed'),
  );

const linked: Situation = async (world) => {
  const { recording, ...ids } = await completed(world, '');
  const response = await fetch(`${world.service.url}/v2/recordings/${recording!}`, {
    headers: { Authorization: `Bearer ${TOKEN}` },
  });
  const { data } = (await response.json()) as { data: { download_urls: { wav: string } } };
  const { searchParams } = new URL(data.download_urls.wav);
  return { ...ids, extension: 'wav', ...Object.fromEntries(searchParams) };
};

const hooked: Situation = async (world) => {
  const settings = { name: 'x', uri: world.receiver, hook: 'recording.failed', format: 'json' };
  const { id } = (await world.ask('PUT', `/accounts/${ACCOUNT}/webhooks`, settings)) as { id: string };
  return { webhook: id };
};

const told: Situation = async (world) => {
  const settings = { name: 'x', uri: world.receiver, hook: 'recording.started' };
  const { id } = (await world.ask('PUT', `/accounts/${ACCOUNT}/webhooks`, settings)) as { id: string };
  await world.recorded();
  return eventually('an attempt', async () => {
    const path = `/accounts/${ACCOUNT}/webhooks/${id}/attempts`;
    const [attempt] = (await world.ask('GET', path)) as { event_id: string }[];
    return attempt && { webhook: id, event: attempt.event_id };
  });
};

const permitted: Situation = async (world) => {
  const { id } = (await world.ask('POST', '/tokens', { account: 'a', role: 'viewer' })) as { id: string };
  return { token: id };
};

function idsOf(doc: RecordingDocument): Record<string, string> {
  return { id: doc.id, recording: uuidOf(doc) };
}

/** By how a path ends. */
const SITUATIONS: Record<string, Situation> = {
  'channels/{id}': asNeeded,
  'calls/{id}': asNeeded,
  'calls/{call}/record': talking,
  'calls/{call}/recordings/{recording}': asNeeded,
  'actions/record_start': asNeeded,
  'actions/record_stop': asNeeded,
  'actions/record_pause': asNeeded,
  'actions/record_resume': asNeeded,
  '/api': talking,
  'recordings/{id}': completed,
  'recordings/{id}/hold': completed,
  'recordings/{id}/audit': completed,
  'recordings/{id}/delivery': undelivered,
  'recordings/{id}/transcription': transcribed,
  'recordings/{id}/transcriptions': transcribed,
  'transcriptions/{id}': transcribed,
  'media/{account}/{id}.{extension}': linked,
  'webhooks/{id}': hooked,
  'webhooks/{id}/attempts': hooked,
  'webhooks/{id}/attempts/{event}': told,
  'webhooks/{id}/test': hooked,
  'tokens/{id}': permitted,
};

/** What {id} stands for in each kind of path, among what a situation has. */
export function idOf(path: string, known: Record<string, string>): string | undefined {
  if (/channels|calls/.test(path)) return known['call'];
  if (/^\/v2\/recordings|^\/workspaces/.test(path)) return known['recording'];
  return known['webhook'] ?? known['token'] ?? known['id'];
}

/** What there has to be for an operation on `path`; `example` is its body as JSON. */
export async function situation(
  world: World,
  path: string,
  example: string,
): Promise<Record<string, string>> {
  const [, prepare] = Object.entries(SITUATIONS).find(([end]) => path.endsWith(end)) ?? [];
  return (await prepare?.(world, path + example)) ?? {};
}
