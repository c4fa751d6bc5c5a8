/** A database of CouchDB, over connections that end where it is silent: whoever waits is told, and asks again. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import PouchDB from 'pouchdb';

/** Milliseconds: whatever is asked of CouchDB takes a small part of it. */
const SILENCE_MS = 5000;

/** Nothing is asked yet. `end` cuts every connection: a feed of changes would keep its own. */
export function couchDatabase(url: string): { db: PouchDB.Database; end: () => void } {
  const options = { keepAlive: true, timeout: SILENCE_MS };
  const agent = url.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options);
  // The agent's own limit ends connections that nobody uses; this one those that somebody waits on.
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (...args) => {
    const socket = connect(...args);
    socket?.on('timeout', () => {
      socket.destroy(Object.assign(new Error('the database said nothing'), { code: 'ETIMEDOUT' }));
    });
    return socket;
  };
  // A server that says for how long it keeps connections (`Keep-Alive`) has shortened the limit of this one.
  const reuse = agent.reuseSocket.bind(agent);
  agent.reuseSocket = (socket, request) => {
    reuse(socket, request);
    (socket as Socket).setTimeout(SILENCE_MS);
  };
  const fetch: typeof PouchDB.fetch = (resource, request) =>
    PouchDB.fetch(resource, { ...request, agent } as RequestInit);
  return { db: new PouchDB(url, { fetch }), end: () => agent.destroy() };
}
