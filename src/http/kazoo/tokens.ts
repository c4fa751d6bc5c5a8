/** `/v2/tokens[/{id}]`, for the admin of every account. */
import type { TokenRequest } from '../../generated/token.js';
import { validate } from '../../schemas.js';
import type { TokenStore } from '../../store/tokens.js';
import { isSiteAdmin } from '../access.js';
import { badIdentifier, invalid } from './answers.js';
import { dataOf } from './body.js';
import type { Resource } from './resource.js';

export function tokenList(tokens: TokenStore): Resource {
  return {
    paths: ['/tokens'],
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
    permits: isSiteAdmin,
    methods: {
      DELETE: async ({ id }) => {
        if (!(await tokens.delete(id))) throw badIdentifier(id);
        return { data: {} };
      },
    },
  };
}
