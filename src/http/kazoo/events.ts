/** `/v2/accounts/{account}[/users/{user}]/events`: what happens, as it happens, as Server-Sent Events. */
import type { Feed } from '../../delivery/feed.js';
import type { Notice } from '../../delivery/notice.js';
import type { TokenStore } from '../../store/tokens.js';
import { ownScope } from '../access.js';
import { READERS } from '../openapi/operation.js';
import { factsOf } from '../requests.js';
import { tooManyRequests } from './answers.js';
import { permits } from './recordings.js';
import type { Resource } from './resource.js';

/** Streams that one token may have open: a browser opens no more to one host. */
const PER_TOKEN = 6;
/** Milliseconds: proxies close a connection on which nothing comes for a minute. */
const HEARTBEAT_MS = 15_000;
/**
 * Whoever is so many bytes behind is cut off, and comes back with the id of the last event that arrived. What was
 * missed is written at once, and is less.
 */
const MAX_BEHIND_BYTES = 4 * 1024 * 1024;

export function events(feed: Feed, tokens: TokenStore, heartbeatMs = HEARTBEAT_MS): Resource {
  const streams = new Map<string, number>();
  return {
    paths: ['/accounts/:account/events', '/accounts/:account/users/:user/events'],
    name: 'Events',
    says: {
      GET: {
        summary: 'What happens, as it happens, as Server-Sent Events.',
        description:
          'Last-Event-ID brings what was missed; where that is not known any more, reset comes first. A token ' +
          'has six streams at most.',
        roles: READERS,
        answers: {
          200: {
            description: 'A stream that does not end.',
            content: { 'text/event-stream': { type: 'string' } },
          },
        },
      },
    },
    permits,
    methods: {
      GET: ({ req, res, principal, scope }) => {
        const { tokenId } = principal;
        const open = streams.get(tokenId) ?? 0;
        if (open >= PER_TOKEN) throw tooManyRequests(`this token has ${PER_TOKEN} live streams open already`);
        res.set({
          'Content-Type': 'text/event-stream',
          'Cache-Control': 'no-store',
          // A proxy (nginx) that collects what it passes on would hold events back.
          'X-Accel-Buffering': 'no',
          // The service that stops waits for no connection that was only used for this.
          Connection: 'close',
        });
        if (req.method === 'HEAD') {
          res.end();
          return undefined;
        }
        res.flushHeaders();
        streams.set(tokenId, open + 1);

        const write = (text: string) => {
          if (res.writableEnded || res.destroyed) return;
          res.write(text);
          if (res.writableLength > MAX_BEHIND_BYTES) res.destroy();
        };
        const { missed, from, leave } = feed.follow(ownScope(principal, scope), req.get('last-event-id'), {
          take: (notice, place) => write(message(notice, place)),
          end: () => res.end(),
        });
        // What was missed is not known: whoever follows has to ask for the state of things anew.
        if (missed === undefined) write(`id: ${from}\nevent: reset\ndata: {}\n\n`);
        // Whoever is cut off before anything has happened comes back with this.
        else if (missed.length === 0) write(`id: ${from}\n\n`);
        else for (const { notice, place } of missed) write(message(notice, place));
        const endRevoked = () => {
          if (tokens.find(factsOf(res).token ?? '') === undefined) res.end();
        };
        const unlisten = tokens.onDeleted(endRevoked);
        const heartbeat = setInterval(() => {
          endRevoked();
          write(':\n\n');
        }, heartbeatMs);
        res.once('close', () => {
          clearInterval(heartbeat);
          unlisten();
          leave();
          const left = (streams.get(tokenId) ?? 1) - 1;
          if (left > 0) streams.set(tokenId, left);
          else streams.delete(tokenId);
        });
        return undefined;
      },
    },
  };
}

function message(notice: Notice, place: string): string {
  return `id: ${place}\nevent: ${notice.event}\ndata: ${JSON.stringify(notice)}\n\n`;
}
