/** A delivery that is really stored and really sent, with what it goes by: made anew for each test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Delivery, DeliveryOptions } from '../../src/delivery/delivery.js';
import type { Notice } from '../../src/delivery/notice.js';
import { MetaflowsError } from '../../src/errors.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import type { WebhookSettings } from '../../src/generated/webhook.js';
import { happening, type Happening } from '../../src/recording/events.js';
import { openStore, type Store } from '../../src/store/store.js';
import { Receiver, TestClock, testDelivery } from './delivery.js';
import { storeEnded } from './finished.js';
import { capturingLog } from './log.js';
import { recordingDocument } from './recordings.js';

export const FAILED = new MetaflowsError('store_failed');

type Options = Partial<DeliveryOptions>;

export class DeliveryWorld {
  readonly clock = new TestClock();
  readonly receiver = new Receiver();
  /** What the live stream was told. */
  readonly told: Notice[] = [];
  private readonly logged = capturingLog();
  readonly log = this.logged.log;
  /** What was logged. */
  readonly lines = this.logged.lines;
  store!: Store;
  delivery!: Delivery;

  private constructor(
    /** The database is in it, and the recordings. */
    readonly folder: string,
    private readonly optionsOf: (url: string) => Options,
  ) {}

  /** `optionsOf` says what the delivery has, given where the receiver listens. */
  static async start(optionsOf: (url: string) => Options = () => ({})): Promise<DeliveryWorld> {
    const world = new DeliveryWorld(await mkdtemp(join(tmpdir(), 'metaflows-delivery-')), optionsOf);
    await world.receiver.listen();
    await world.open();
    return world;
  }

  /** Where the receiver listens. */
  get url(): string {
    return this.receiver.url;
  }

  private async open(options: Options = {}): Promise<void> {
    this.store = await openStore(join(this.folder, 'db'), this.log);
    this.delivery = await testDelivery(this.store, {
      mount: this.folder,
      clock: this.clock,
      random: () => 0.5,
      publish: (notice) => this.told.push(notice),
      log: this.log,
      ...this.optionsOf(this.url),
      ...options,
    });
    await this.delivery.start();
  }

  async restart(options?: Options): Promise<void> {
    await this.delivery.close();
    await this.store.close();
    await this.open(options);
  }

  pass(ms: number): Promise<void> {
    return this.clock.pass(ms, () => this.delivery.idle());
  }

  /** A recording as the recorder stores it when it has ended, with its file. */
  finished(to: string | undefined, text = 'sound', happened: Happening[] = []): Promise<RecordingDocument> {
    const doc = recordingDocument({ startedAt: this.clock.now(), ...(to && { data: { url: to } }) });
    return storeEnded(this.store, this.folder, doc, { sound: text, happened });
  }

  async completed(to: string, text?: string): Promise<RecordingDocument> {
    const recording = await this.finished(to, text);
    await this.delivery.onEvent({ ...happening('completed', this.clock.now()), recording });
    return recording;
  }

  async stateOf({ account_id, id }: RecordingDocument): Promise<RecordingDocument['delivery']> {
    return (await this.store.recordings.get(account_id, id))?.delivery;
  }

  /** The ids of what is in the outbox. */
  async outbox(): Promise<string[]> {
    const ids: string[] = [];
    for await (const [id] of this.store.outbox.list()) ids.push(id);
    return ids;
  }

  /** The outbox's store, with what fails in the place of its own. */
  failing(overrides: Partial<DeliveryOptions['store']>): DeliveryOptions['store'] {
    return {
      get: (id) => this.store.outbox.get(id),
      create: (id, parcel) => this.store.outbox.create(id, parcel),
      put: (id, parcel) => this.store.outbox.put(id, parcel),
      replace: (id, known, next) => this.store.outbox.replace(id, known, next),
      remove: (id) => this.store.outbox.remove(id),
      list: (prefix) => this.store.outbox.list(prefix),
      onStored: (listener) => this.store.outbox.onStored(listener),
      ...overrides,
    };
  }

  /** Of a webhook that is told of recordings by the receiver. */
  settings(rest: Partial<WebhookSettings> = {}): WebhookSettings {
    return { name: 'mine', uri: `${this.url}/hook?a=b`, hook: 'recording', format: 'json', ...rest };
  }

  /** Something happens to a new recording, which nothing stores. */
  async happened(type: 'started' | 'masked' = 'masked'): Promise<RecordingDocument> {
    const recording = recordingDocument({ startedAt: this.clock.now() });
    await this.delivery.onEvent({ ...happening(type, this.clock.now()), recording });
    return recording;
  }

  async close(): Promise<void> {
    await this.receiver.close();
    await this.delivery.close();
    await this.store.close();
    await rm(this.folder, { recursive: true });
  }
}
