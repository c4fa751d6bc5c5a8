/**
 * CometD notifications: Bayeux by long polling, each user told of the user's own calls. The Bayeux server runs, with
 * its timer, only while somebody is connected; what ends the live streams of the service ends it too.
 */
import type { Request, Response } from 'express';
import cometd, { type CometDServer, type ServerSession } from 'cometd-nodejs-server';
import type { Notice } from '../../delivery/notice.js';
import { MetaflowsError } from '../../errors.js';
import type { BayeuxMessages } from '../../generated/bayeux.js';
import type { RecordingDocument } from '../../generated/recording.js';
import { validate } from '../../schemas.js';
import type { Login } from '../access.js';
import type { Deps } from '../ports.js';
import { GenesysError } from './answers.js';
import { callStateChange, type RecordingState, type Told } from './notification.js';

export const CHANNEL = '/v2/me/calls';

/** Sessions that one token may have: a browser opens six connections to one host, and needs some for other things. */
const PER_TOKEN = 4;

const STATES: Record<string, RecordingState | undefined> = {
  'recording.started': 'Recording',
  'recording.masked': 'Paused',
  'recording.unmasked': 'Recording',
  'recording.stopped': 'Stopped',
};

/** Who is connected. */
interface Client {
  session: ServerSession;
  login: Login;
  /** What the client calls this service. */
  base: string;
  /** What was told last of each recording that runs: of a call that has ended nothing else is known. */
  told: Map<string, Told[]>;
  leave: () => void;
}

export class Notifications {
  #server: CometDServer | undefined;
  #closed = false;
  readonly #clients = new Map<string, Client>();

  constructor(private readonly deps: Pick<Deps, 'calls' | 'feed' | 'store'>) {}

  /** Answers a request whose body is parsed, and whose sender is known. */
  handle(req: Request, res: Response, login: Login, base: string): void {
    if (this.#closed) throw new MetaflowsError('shutting_down');
    const body: unknown = req.body;
    const checked = validate<BayeuxMessages>('bayeux', Array.isArray(body) ? body : [body]);
    if (!checked.ok) throw new GenesysError(10);
    const messages = checked.value;
    for (const { clientId = '' } of messages) {
      const client = this.#clients.get(clientId);
      if (client && client.login.principal.tokenId !== login.principal.tokenId) throw new GenesysError(5);
    }
    const isHandshake = messages.some(({ channel }) => channel === '/meta/handshake');
    // The library makes a session that never ends of a handshake that is not alone.
    if (isHandshake && messages.length > 1) throw new GenesysError(10);
    if (isHandshake) this.#admit(login);
    this.#server ??= this.#start();
    req.body = messages;
    Object.assign(res.locals, { login, base });
    this.#server.handle(req, res);
    this.#endIfEmpty();
  }

  #admit({ principal: { tokenId } }: Login): void {
    const open = [...this.#clients.values()].filter((client) => client.login.principal.tokenId === tokenId);
    if (open.length >= PER_TOKEN) throw new GenesysError(3, 429);
  }

  #start(): CometDServer {
    const server = cometd.createCometDServer({
      browserCookieSameSite: 'Lax',
      // A program that serves many agents has one cookie for all of them: no reason to let them wait for each other.
      maxSessionsPerBrowser: -1,
    });
    server.policy = {
      canCreate: (_session, _message, name, callback) => callback(undefined, name === CHANNEL),
      canSubscribe: (_session, _message, channel, callback) => callback(undefined, channel.name === CHANNEL),
      canPublish: (_session, _message, _channel, callback) => callback(undefined, false),
    };
    server.addListener('sessionAdded', (session: ServerSession) => {
      const { response } = server.context as { response: Response };
      const { login, base } = response.locals as Pick<Client, 'login' | 'base'>;
      this.#join(session, login, base);
    });
    return server;
  }

  #join(session: ServerSession, login: Login, base: string): void {
    const { leave } = this.deps.feed.follow({ account: login.account }, undefined, {
      take: (notice) => this.#tell(client, notice),
      end: () => {
        this.#closed = true;
        session.disconnect();
      },
    });
    const client: Client = { session, login, base, told: new Map(), leave };
    this.#clients.set(session.id, client);
    session.addListener('removed', () => {
      leave();
      this.#clients.delete(session.id);
      this.#endIfEmpty();
    });
  }

  #tell(client: Client, { event, recording, timestamp }: Notice): void {
    const state = STATES[event];
    if (state === undefined || !recording) return;
    const { session, login, told } = client;
    if (!this.deps.store.tokens.find(login.token)) {
      session.disconnect();
      return;
    }
    const doc = recording as RecordingDocument;
    const here = this.#legsOf(login, doc);
    const telling: Told[] = (here.length > 0 ? here : (told.get(doc.id) ?? [])).map(({ leg, other }) => ({
      leg,
      other,
      user: login.user,
      state,
      released: here.length === 0 || doc.stop_reason === 'hangup',
      recording: doc.id,
      base: client.base,
      at: Date.parse(timestamp),
    }));
    if (state === 'Stopped') told.delete(doc.id);
    else if (telling.length > 0) told.set(doc.id, telling);
    if (!session.subscriptions.some(({ name }) => name === CHANNEL)) return;
    for (const each of telling) session.deliver(null, CHANNEL, callStateChange(each));
  }

  /** The user's own legs of the call that is recorded, each with whom it talks with. */
  #legsOf({ account, user }: Login, doc: RecordingDocument): Pick<Told, 'leg' | 'other'>[] {
    const { calls } = this.deps;
    const recorded = new Set([doc.call_id, ...doc.segments.map(({ call_id }) => call_id)]);
    return calls
      .channels(account, { user })
      .filter(({ uuid, otherLeg = '' }) => recorded.has(uuid) || recorded.has(otherLeg))
      .map((leg) => ({
        leg,
        other: leg.otherLeg === undefined ? undefined : calls.channel(account, leg.otherLeg),
      }));
  }

  /** Not at once: the library's sweep sets its timer anew after whatever it has removed. */
  #endIfEmpty(): void {
    const server = this.#server;
    if (this.#clients.size > 0 || !server) return;
    setImmediate(() => {
      if (this.#clients.size > 0 || this.#server !== server) return;
      server.close();
      this.#server = undefined;
    });
  }
}
