/** What the HTTP API needs of the rest of the service. */
import type { Router } from 'express';
import type { Logger } from 'winston';
import type { Channel } from '../calls/channels.js';
import type { Delivery } from '../delivery/delivery.js';
import type { Feed } from '../delivery/feed.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { MetaflowNode } from '../generated/metaflows.js';
import type { Metrics } from '../metrics.js';
import type { Removal } from '../recording/removal.js';
import type { Store } from '../store/store.js';
import type { Links } from './links.js';

export type { Channel };

/** Who asks for something over HTTP. */
export interface Actor {
  /** The account it is done for. */
  account: string;
  tokenId: string;
  /** The user it is done for, where one is named. */
  user?: string;
}

/** What running a metaflow came to. */
export interface RunOutcome {
  /** `started`, `already_recording`, `masked`, … */
  result: string;
  recording?: RecordingDocument;
}

export interface CallsPort {
  /** The legs of this user, or device, or of the whole account. */
  channels(account: string, of: { user?: string; device?: string }): Channel[];
  /** A leg of the account's, or the far party's in a call of the account's. */
  channel(account: string, uuid: string): Channel | undefined;
  /** The accounts whose call a leg is, its own owner's first. */
  accountsOf(uuid: string): string[];
  /** The accounts whose call a leg was that has ended of late. */
  accountsOfEnded(uuid: string): string[];
  /** Rejects with a MetaflowsError where nothing, or not all of it, happened. */
  run(uuid: string, node: MetaflowNode, actor: Actor): Promise<RunOutcome>;
}

/** A switch that is configured, as this instance sees it. */
export interface SwitchState {
  /** Where its event socket is: host:port. */
  id: string;
  connected: boolean;
  /** Whether all that it has is known. */
  ready: boolean;
  embedded: boolean;
  /** Milliseconds that its newest command took to be answered. */
  latencyMs?: number | undefined;
}

/** How the service does. */
export interface SystemState {
  switches: SwitchState[];
  /** What waits to be sent: uploads, webhooks, transcriptions. */
  outbox: number;
  /** Bytes free on the disk of the recordings; undefined where it is not to be seen from here. */
  freeBytes: number | undefined;
}

export interface Deps {
  store: Store;
  calls: CallsPort;
  delivery: Delivery;
  feed: Feed;
  links: Links;
  removal: Removal;
  /** The recordings folder as this service sees it, absolute. */
  recordingsMount: string;
  /** Whether the site has a folder of sounds that accounts may play for consent. */
  playsFiles: boolean;
  /** Whether the service can do its work now, and why not. */
  status(): { ready: boolean; reason?: string };
  system: () => Promise<SystemState>;
  metrics: Metrics;
  log: Logger;
  /** The service's own version, which answers carry. */
  version: string;
  /** For each client address. */
  requestsPerMinute: number;
  /** Of other sites whose pages may call the API. */
  corsOrigins: readonly string[];
  /** Where the notifications of Genesys's API are subscribed to. */
  notificationsPath: string;
  /** The console. */
  console?: Router;
  /** Drives the simulated phones, under `/phones`. */
  phones?: Router;
  /** Takes files that switches send, under `/push`. */
  push?: Router;
}
