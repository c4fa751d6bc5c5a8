declare module 'express-pouchdb' {
  import type { RequestListener } from 'node:http';

  /** CouchDB's protocol for the databases of `PouchDB`. */
  export default function (
    PouchDB: object,
    options: { mode: 'minimumForPouchDB'; overrideMode: { exclude: string[] } },
  ): RequestListener;
}
