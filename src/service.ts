/** Wires the parts together, starts them in order and stops them in the other. Read this first. */
import type { KeyObject } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'winston';
import type { AuditEvent } from './audit/events.js';
import { Calls, type Change } from './calls/calls.js';
import { Channels } from './calls/channels.js';
import type { Owner } from './calls/owner.js';
import { Feedback } from './calls/feedback.js';
import { Acting } from './cluster/acting.js';
import { Relay } from './cluster/relay.js';
import type { Config } from './config.js';
import { AddressPolicy } from './delivery/addresses.js';
import { Delivery } from './delivery/delivery.js';
import { DiskSpace } from './delivery/disk.js';
import { callNotices, Feed } from './delivery/feed.js';
import { recordingNotice } from './delivery/notice.js';
import { PushInbox } from './delivery/push.js';
import { Sender } from './delivery/send.js';
import { PushTransport } from './delivery/transport.js';
import { MetaflowsError } from './errors.js';
import { Health } from './health.js';
import { createApp } from './http/app.js';
import { shownChannel } from './http/kazoo/channels.js';
import { Links } from './http/links.js';
import { consoleRouter } from './http/console.js';
import { phonesRouter } from './http/phones.js';
import { pushRouter } from './http/push.js';
import { listen } from './http/server.js';
import { recordCompleted } from './http/ozeki/finished.js';
import { webhookFormats } from './http/formats.js';
import { Link } from './link.js';
import { compiledMetaflows } from './metaflows/compiled.js';
import { Digits } from './metaflows/digits.js';
import { Runner } from './metaflows/runner.js';
import { Metrics } from './metrics.js';
import { RecordingFiles } from './recording/files.js';
import { parametersFor } from './recording/automatic.js';
import { RecordAll, situationOf } from './recording/record-all.js';
import { Recorder } from './recording/recorder.js';
import { Removal } from './recording/removal.js';
import { Retention } from './retention/retention.js';
import { Softswitch } from './softswitch/softswitch.js';
import { loadFlowFiles } from './store/flow-files.js';
import { openStore, type Store } from './store/store.js';
import { Switch } from './switch/switch.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** What `npm run build` made of console/. */
const CONSOLE = fileURLToPath(new URL('../dist/console', import.meta.url));

/** Milliseconds for what is under way when the service stops, a recording's start with its proof for instance. */
const FINISH_MS = 5000;

/** The running service. */
export interface Service {
  /** Where the HTTP API listens. */
  readonly url: string;
  /** The admin token, where this start has made it: shown this once. */
  readonly madeToken: string | undefined;
  /** Emits what happens to recordings, under the name of each {@link RecordingEvent}, with the document. */
  readonly recordings: EventEmitter;
  /** The embedded softswitch, where it is configured. */
  readonly softswitch: Softswitch | undefined;
  status(): { ready: boolean; reason?: string };
  /** Stops taking work, finishes what is under way and leaves recordings running in the switch. */
  close(): Promise<void>;
}

/** Starts all parts; rejects with a MetaflowsError, which names the setting that cannot be used. */
export async function startService(config: Config, log: Logger): Promise<Service> {
  const metrics = new Metrics();
  const recordings = new EventEmitter();
  const store = await openStore(config.database, log);
  await loadFlowFiles(store, config.flowsDir, log);

  const calls = new Calls(config.identity);
  const acting = new Acting();
  const actsFor = (switchId: string) => acting.actsFor(switchId);
  const links = new Map<string, Link>();
  const switchOf = (id: string): Switch => {
    const link = links.get(id);
    if (!link) throw new MetaflowsError('switch_down');
    return link.port;
  };
  // Of a switch that is configured no more, whoever acts for the first one does what is left to do.
  const isOurs = (switchId: string) =>
    !store.isShared || acting.has(links.has(switchId) ? switchId : ([...links.keys()][0] ?? ''));
  const feedback = new Feedback(config.tones, switchOf, log);
  const feed = new Feed();
  store.recordings.onTold((event) => {
    const { owner_id } = event.recording;
    feed.publish(recordingNotice(event), owner_id === undefined ? [] : [owner_id]);
  });
  const signingKey = await store.webhooks.signingKey();
  let url = '';
  const media = new Links(signingKey, () => config.publicUrl ?? url);
  const delivery = deliveryOf(config, store, feed, signingKey, media, isOurs, log);
  const disk = new DiskSpace({
    folder: config.recordingsMount,
    minFree: config.limits.min_free_bytes,
    log,
  });
  const documentsOf = ({ account, user, device }: Owner) => store.callRecording.forLeg(account, user, device);
  const files = new RecordingFiles(config.recordingsMount);
  const inbox =
    config.pushUrl === undefined
      ? undefined
      : new PushInbox({ mount: config.recordingsMount, url: config.pushUrl });
  const transport = inbox && new PushTransport({ inbox, switchOf, dir: config.recordingsDir, log });
  const audit = (event: AuditEvent) => store.audit.append(event);
  const removal = new Removal({ recordings: store.recordings, files, audit });
  const retention = new Retention({
    settings: store.retention,
    recordings: store.recordings,
    removal,
    isOurs,
    log,
  });
  const now = (switchId: string) => links.get(switchId)?.port.now() ?? Date.now();
  const recorder = new Recorder({
    calls,
    switchOf,
    store: store.recordings,
    mayWrite: (switchId, isDisputed) => (isDisputed ? acting.actsFor(switchId) : !acting.isOthers(switchId)),
    files,
    transport,
    dir: config.recordingsDir,
    ceiling: config.limits.time_limit,
    settings: config.recording,
    consentOf: (account) => store.callRecording.get({ account })?.consent,
    beep: config.tones.beep,
    destinationOf: (leg, owner) => {
      if (!config.recording.deliver_adopted) return {};
      const { url, method = 'put' } = parametersFor(documentsOf(owner), situationOf(calls, leg));
      return url === undefined ? {} : { url, method };
    },
    hasSpace: () => disk.ok(),
    now,
    feedback,
    isAwaited: (event) => delivery.isAwaited(event),
    onEvent: (event) => {
      const { type, recording } = event;
      recordings.emit(type, recording);
      if (type === 'completed' || type === 'discarded' || type === 'failed') metrics.recordingEnded(type);
      return delivery.onEvent(event);
    },
    audit,
    log,
  });
  const recordAll = new RecordAll({ calls, recorder, switchOf, actsFor, documentsOf, now, log });
  const runner = new Runner(recorder, switchOf);
  const metaflows = compiledMetaflows(store.metaflows);
  const digits = new Digits({
    calls,
    switchOf,
    actsFor,
    bindsFor: (switchId) => acting.has(switchId),
    metaflowsOf: metaflows.of,
    runner,
    feedback,
    settings: config.digits,
    onMatched: (module) => metrics.codeMatched(module),
    onRefused: (code) => metrics.codeRefused(code),
    log,
  });
  store.metaflows.onChange(({ account }) => {
    metaflows.forget();
    digits.metaflowsChanged(account);
  });

  const channels: Channels = new Channels({
    calls,
    recordingsOf: (legs) =>
      legs.some(({ switchId }) => acting.isOthers(switchId))
        ? store.running.ofCall(legs)
        : recorder.active.ofCall(legs).map(({ doc }) => doc),
    runner,
    actsFor,
    elsewhere: (switchId, order) => relay.ask(switchId, order),
  });
  const relay: Relay = new Relay({
    acting,
    switchOf,
    run: ({ uuid, node, actor }) => channels.run(uuid, node, actor),
    log,
  });
  const onChange = (change: Change) => {
    const isFollowed = (account: string) => feed.isFollowed(account);
    const notices = callNotices(change, isFollowed, (leg) => shownChannel(channels.shown(leg)), Date.now());
    for (const { notice, users } of notices) feed.publish(notice, users);
  };

  const isEmbedded = config.switches.includes('embedded');
  if (isEmbedded || inbox) await files.make();
  const softswitch = isEmbedded ? await embedded(log) : undefined;
  for (const address of config.switches) {
    const where = address === 'embedded' ? softswitch?.address : address;
    if (!where) continue;
    const port = new Switch({
      ...where,
      log,
      onLatency: (command, ms) => metrics.commandTook(command, ms / 1000),
      onDropped: () => metrics.eventDropped('malformed'),
    });
    relay.join(port);
    links.set(
      port.id,
      new Link(port, { instance: store.instance, acting, calls, digits, recorder, recordAll, onChange, log }),
    );
  }
  const embeddedId = softswitch?.address && `${softswitch.address.host}:${softswitch.address.port}`;
  const health = new Health({ links, embeddedId, store, disk, delivery });
  metrics.watch({
    calls: () => calls.bridges(),
    recordings: () => recorder.counts(),
    switchConnections: () =>
      Object.fromEntries([...links].map(([id, { port }]) => [id, Number(port.connected)])),
    ready: () => health.status().ready,
    outbox: () => delivery.waiting,
    freeBytes: () => disk.freeBytes,
  });
  const app = createApp({
    store,
    calls: channels,
    delivery,
    feed,
    links: media,
    removal,
    recordingsMount: config.recordingsMount,
    playsFiles: config.recording.sounds_dir !== '',
    status: () => health.status(),
    system: () => health.system(),
    metrics,
    log,
    version,
    requestsPerMinute: config.limits.requests_per_minute,
    corsOrigins: config.corsOrigins,
    notificationsPath: config.genesys.notifications,
    ...(inbox && { push: pushRouter(inbox) }),
    console: consoleRouter(CONSOLE),
    ...(softswitch && { phones: phonesRouter(softswitch, store.tokens) }),
  });
  await disk.start();
  const http = await listen(app, config.httpHost, config.httpPort);
  url = `http://${config.httpHost.includes(':') ? `[${config.httpHost}]` : config.httpHost}:${http.port}`;
  // Not before the address is had: a token that is made is shown this once, and a start that fails shows none.
  const { made } = await store.tokens.ensureAdminToken(config.adminToken);
  await delivery.start();
  if (store.isShared) {
    acting.on('gained', () => void delivery.takeOver());
    acting.on('lost', () => delivery.release());
  }
  retention.start();
  for (const { port } of links.values()) port.start();

  return {
    url,
    madeToken: made,
    recordings,
    softswitch,
    status: () => health.status(),
    async close() {
      feed.close();
      relay.close();
      const finished = http
        .close()
        .then(() => transport?.close())
        .then(() => digits.close())
        .then(() => recorder.close());
      await Promise.race([finished, delay(FINISH_MS, undefined, { ref: false })]);
      // From here on another instance acts; commands that have no answer yet get none.
      await Promise.all([...links.values()].map((link) => link.close()));
      await finished;
      await softswitch?.close();
      disk.close();
      await retention.close();
      await delivery.close();
      await store.close();
    },
  };
}

function deliveryOf(
  config: Config,
  store: Store,
  feed: Feed,
  signingKey: KeyObject,
  media: Links,
  isOurs: (switchId: string) => boolean,
  log: Logger,
): Delivery {
  const sender = new Sender(new AddressPolicy(config.deliveryDeny, config.deliveryAllow));
  return new Delivery({
    recordings: store.recordings,
    store: store.outbox,
    webhooks: store.webhooks,
    signingKey,
    formats: webhookFormats(media),
    mount: config.recordingsMount,
    callbackWords: { ozeki: recordCompleted },
    transcription: config.transcription,
    send: (outgoing, signal) => sender.send(outgoing, signal),
    isOurs,
    isShared: store.isShared,
    publish: (notice, users) => feed.publish(notice, users),
    audit: (event) => store.audit.append(event),
    log,
  });
}

async function embedded(log: Logger): Promise<Softswitch> {
  const softswitch = new Softswitch({ domain: 'demo', log });
  await softswitch.start();
  return softswitch;
}
