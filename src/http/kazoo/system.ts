/** `/v2/system`: how the service does, for the admin of every account. */
import { isSiteAdmin } from '../access.js';
import { ref } from '../openapi/operation.js';
import type { Deps } from '../ports.js';
import type { Resource } from './resource.js';

export function systemState(state: Deps['system']): Resource {
  return {
    paths: ['/system'],
    name: 'System',
    says: {
      GET: {
        summary: 'How the service does: its switches, its outbox, its disk.',
        roles: ['site admin'],
        answer: ref('System'),
      },
    },
    permits: isSiteAdmin,
    methods: {
      GET: async () => {
        const { switches, outbox, freeBytes } = await state();
        return {
          data: {
            switches: switches.map(({ latencyMs, ...rest }) => ({ ...rest, latency_ms: latencyMs })),
            outbox,
            free_bytes: freeBytes,
          },
        };
      },
    },
  };
}
