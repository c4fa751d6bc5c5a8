/** `/v2/tokens[/{id}]`, for the admin of every account. */
import type { TokenRequest } from '../../generated/token.js';
import { validate } from '../../schemas.js';
import type { TokenStore } from '../../store/tokens.js';
import { isSiteAdmin } from '../access.js';
import { listOf, ref } from '../openapi/operation.js';
import { badIdentifier, invalid } from './answers.js';
import { dataOf } from './body.js';
import { enveloped } from './dialect.js';
import type { Resource } from './resource.js';

export function tokenList(tokens: TokenStore): Resource {
  return {
    paths: ['/tokens'],
    name: 'Tokens',
    says: {
      GET: {
        summary: 'Every token, without its secret.',
        roles: ['site admin'],
        answer: listOf(ref('Token')),
      },
      POST: {
        summary: 'Makes a token, whose text is in this answer and nowhere else.',
        roles: ['site admin'],
        body: {
          schema: enveloped(ref('TokenRequest')),
          examples: {
            'an account’s admin': { data: { account: 'example.com', role: 'admin' } },
            'a user': { data: { account: 'example.com', role: 'user', user: '1001' } },
          },
        },
        answer: ref('Token'),
      },
    },
    permits: isSiteAdmin,
    methods: {
      GET: () => ({ data: tokens.list() }),
      POST: async ({ body }) => {
        const grant = validate<TokenRequest>('token', dataOf(body));
        if (!grant.ok) throw invalid(grant.errors);
        return { data: await tokens.create(grant.value) };
      },
    },
  };
}

export function token(tokens: TokenStore): Resource {
  return {
    paths: ['/tokens/:id'],
    name: 'Token',
    says: {
      DELETE: { summary: 'Deletes a token.', roles: ['site admin'], answer: ref('Nothing') },
    },
    permits: isSiteAdmin,
    methods: {
      DELETE: async ({ id }) => {
        if (!(await tokens.delete(id))) throw badIdentifier(id);
        return { data: {} };
      },
    },
  };
}
