import { expect } from 'chai';
import { ACCOUNT, bodyFor, HOLDERS, World } from '../support/world.js';

/**
 * What each holder of a token is answered, for every route that there is, about what belongs to user 1001 of account
 * example.com: an HTTP status, or Ozeki's code, as that answers 200 to everything. The columns are {@link HOLDERS}; the
 * paths with names instead of parameters, at the end, ask for the same thing under another's name.
 */
const TABLE = `
                                                                                            dead      every       the account's       another's
                                                                                                    account     admin    users      admin    user
                                                                                     none  del. exp. ad. view.     viewer 1001 1002     viewer 1001
GET    /healthz                                                                       200   200 200   200 200   200 200 200 200   200 200 200
GET    /readyz                                                                        200   200 200   200 200   200 200 200 200   200 200 200
GET    /metrics                                                                       200   200 200   200 200   200 200 200 200   200 200 200
GET    /                                                                              200   200 200   200 200   200 200 200 200   200 200 200
POST   /phones/:action                                                                200   200 200   200 200   200 200 200 200   200 200 200
PUT    /push/:id                                                                      403   403 403   403 403   403 403 403 403   403 403 403
GET    /media/:account/:id.:extension                                                 403   403 403   403 403   403 403 403 403   403 403 403
GET    /openapi.json                                                                  200   200 200   200 200   200 200 200 200   200 200 200
GET    /docs                                                                          200   200 200   200 200   200 200 200 200   200 200 200
POST   /v2/calls/:id/actions/record_start                                             401   401 401   200 403   200 403 200 422   422 403 422
POST   /v2/calls/:id/actions/record_stop                                              401   401 401   200 403   200 403 200 422   422 403 422
POST   /v2/calls/:id/actions/record_pause                                             401   401 401   200 403   200 403 200 422   422 403 422
POST   /v2/calls/:id/actions/record_resume                                            401   401 401   200 403   200 403 200 422   422 403 422
GET    /v2/recordings                                                                 401   401 401   200 200   200 200 200 200   200 200 200
GET    /v2/recordings/:id                                                             401   401 401   200 200   200 200 200 404   404 404 404
DELETE /v2/recordings/:id                                                             401   401 401   200 403   200 403 200 404   404 404 404
POST   /workspaces/:workspace/channels/:channel/calls/:call/record                    401   401 401   202 403   202 403 202 404   403 403 403
GET    /workspaces/:workspace/channels/:channel/calls/:call/recordings/:recording     401   401 401   200 200   200 200 200 404   403 403 403
PATCH  /workspaces/:workspace/channels/:channel/calls/:call/recordings/:recording     401   401 401   202 403   202 403 202 404   403 403 403
GET    /workspaces/:workspace/recordings                                              401   401 401   200 200   200 200 200 200   403 403 403
GET    /workspaces/:workspace/recordings/:id                                          401   401 401   200 200   200 200 200 404   403 403 403
DELETE /workspaces/:workspace/recordings/:id                                          401   401 401   204 403   204 403 204 404   403 403 403
POST   /workspaces/:workspace/recordings/:id/transcriptions                           401   401 401   422 403   422 403 422 404   403 403 403
GET    /workspaces/:workspace/recordings/:id/transcriptions                           401   401 401   200 200   200 200 200 404   403 403 403
GET    /workspaces/:workspace/transcriptions                                          401   401 401   200 200   200 200 200 200   403 403 403
GET    /workspaces/:workspace/transcriptions/:id                                      401   401 401   200 200   200 200 200 404   403 403 403
GET    /api                                                                           304   305 305   200 306   200 306 200 305   305 305 305
POST   /api                                                                           304   305 305   200 306   200 306 200 305   305 305 305
POST   /api/v2/me/calls/:id                                                           401   401 401   200 403   200 403 200 401   401 401 401
POST   /api/v2/me/devices/:device/calls/:id                                           401   401 401   200 403   200 403 200 401   401 401 401
POST   /notifications                                                                 401   401 401   200 200   200 200 200 401   401 401 401
POST   /notifications/:type                                                           401   401 401   200 200   200 200 200 401   401 401 401
GET    /v2/accounts/:account/metaflows                                                401   401 401   200 200   200 200 403 403   403 403 403
POST   /v2/accounts/:account/metaflows                                                401   401 401   200 403   200 403 403 403   403 403 403
PUT    /v2/accounts/:account/metaflows                                                401   401 401   200 403   200 403 403 403   403 403 403
PATCH  /v2/accounts/:account/metaflows                                                401   401 401   200 403   200 403 403 403   403 403 403
DELETE /v2/accounts/:account/metaflows                                                401   401 401   200 403   200 403 403 403   403 403 403
GET    /v2/accounts/:account/users/:user/metaflows                                    401   401 401   200 200   200 200 200 403   403 403 403
POST   /v2/accounts/:account/users/:user/metaflows                                    401   401 401   200 403   200 403 200 403   403 403 403
PUT    /v2/accounts/:account/users/:user/metaflows                                    401   401 401   200 403   200 403 200 403   403 403 403
PATCH  /v2/accounts/:account/users/:user/metaflows                                    401   401 401   200 403   200 403 200 403   403 403 403
DELETE /v2/accounts/:account/users/:user/metaflows                                    401   401 401   200 403   200 403 200 403   403 403 403
GET    /v2/accounts/:account/devices/:device/metaflows                                401   401 401   200 200   200 200 403 403   403 403 403
POST   /v2/accounts/:account/devices/:device/metaflows                                401   401 401   200 403   200 403 403 403   403 403 403
PUT    /v2/accounts/:account/devices/:device/metaflows                                401   401 401   200 403   200 403 403 403   403 403 403
PATCH  /v2/accounts/:account/devices/:device/metaflows                                401   401 401   200 403   200 403 403 403   403 403 403
DELETE /v2/accounts/:account/devices/:device/metaflows                                401   401 401   200 403   200 403 403 403   403 403 403
GET    /v2/accounts/:account/call_recording                                           401   401 401   200 200   200 200 403 403   403 403 403
POST   /v2/accounts/:account/call_recording                                           401   401 401   200 403   200 403 403 403   403 403 403
PUT    /v2/accounts/:account/call_recording                                           401   401 401   200 403   200 403 403 403   403 403 403
PATCH  /v2/accounts/:account/call_recording                                           401   401 401   200 403   200 403 403 403   403 403 403
DELETE /v2/accounts/:account/call_recording                                           401   401 401   200 403   200 403 403 403   403 403 403
GET    /v2/accounts/:account/users/:user/call_recording                               401   401 401   200 200   200 200 200 403   403 403 403
POST   /v2/accounts/:account/users/:user/call_recording                               401   401 401   200 403   200 403 403 403   403 403 403
PUT    /v2/accounts/:account/users/:user/call_recording                               401   401 401   200 403   200 403 403 403   403 403 403
PATCH  /v2/accounts/:account/users/:user/call_recording                               401   401 401   200 403   200 403 403 403   403 403 403
DELETE /v2/accounts/:account/users/:user/call_recording                               401   401 401   200 403   200 403 403 403   403 403 403
GET    /v2/accounts/:account/devices/:device/call_recording                           401   401 401   200 200   200 200 403 403   403 403 403
POST   /v2/accounts/:account/devices/:device/call_recording                           401   401 401   200 403   200 403 403 403   403 403 403
PUT    /v2/accounts/:account/devices/:device/call_recording                           401   401 401   200 403   200 403 403 403   403 403 403
PATCH  /v2/accounts/:account/devices/:device/call_recording                           401   401 401   200 403   200 403 403 403   403 403 403
DELETE /v2/accounts/:account/devices/:device/call_recording                           401   401 401   200 403   200 403 403 403   403 403 403
GET    /v2/accounts/:account/channels                                                 401   401 401   200 200   200 200 200 200   403 403 403
GET    /v2/accounts/:account/users/:user/channels                                     401   401 401   200 200   200 200 200 403   403 403 403
GET    /v2/accounts/:account/devices/:device/channels                                 401   401 401   200 200   200 200 200 200   403 403 403
GET    /v2/accounts/:account/channels/:id                                             401   401 401   200 200   200 200 200 404   403 403 403
POST   /v2/accounts/:account/channels/:id                                             401   401 401   200 403   200 403 200 404   403 403 403
PUT    /v2/accounts/:account/channels/:id                                             401   401 401   200 403   200 403 200 404   403 403 403
GET    /v2/accounts/:account/users/:user/channels/:id                                 401   401 401   200 200   200 200 200 403   403 403 403
POST   /v2/accounts/:account/users/:user/channels/:id                                 401   401 401   200 403   200 403 200 403   403 403 403
PUT    /v2/accounts/:account/users/:user/channels/:id                                 401   401 401   200 403   200 403 200 403   403 403 403
GET    /v2/accounts/:account/devices/:device/channels/:id                             401   401 401   200 200   200 200 200 404   403 403 403
POST   /v2/accounts/:account/devices/:device/channels/:id                             401   401 401   200 403   200 403 200 404   403 403 403
PUT    /v2/accounts/:account/devices/:device/channels/:id                             401   401 401   200 403   200 403 200 404   403 403 403
GET    /v2/accounts/:account/recordings                                               401   401 401   200 200   200 200 200 200   403 403 403
GET    /v2/accounts/:account/users/:user/recordings                                   401   401 401   200 200   200 200 200 403   403 403 403
GET    /v2/accounts/:account/recordings/:id                                           401   401 401   200 200   200 200 200 404   403 403 403
DELETE /v2/accounts/:account/recordings/:id                                           401   401 401   200 403   200 403 200 404   403 403 403
GET    /v2/accounts/:account/users/:user/recordings/:id                               401   401 401   200 200   200 200 200 403   403 403 403
DELETE /v2/accounts/:account/users/:user/recordings/:id                               401   401 401   200 403   200 403 200 403   403 403 403
PUT    /v2/accounts/:account/recordings/:id/hold                                      401   401 401   200 403   200 403 403 403   403 403 403
DELETE /v2/accounts/:account/recordings/:id/hold                                      401   401 401   200 403   200 403 403 403   403 403 403
PUT    /v2/accounts/:account/users/:user/recordings/:id/hold                          401   401 401   200 403   200 403 403 403   403 403 403
DELETE /v2/accounts/:account/users/:user/recordings/:id/hold                          401   401 401   200 403   200 403 403 403   403 403 403
GET    /v2/accounts/:account/recordings/:id/audit                                     401   401 401   200 200   200 200 200 404   403 403 403
GET    /v2/accounts/:account/users/:user/recordings/:id/audit                         401   401 401   200 200   200 200 200 403   403 403 403
GET    /v2/accounts/:account/recordings/:id/transcription                             401   401 401   200 200   200 200 200 404   403 403 403
POST   /v2/accounts/:account/recordings/:id/transcription                             401   401 401   409 403   409 403 409 404   403 403 403
GET    /v2/accounts/:account/users/:user/recordings/:id/transcription                 401   401 401   200 200   200 200 200 403   403 403 403
POST   /v2/accounts/:account/users/:user/recordings/:id/transcription                 401   401 401   409 403   409 403 409 403   403 403 403
GET    /v2/accounts/:account/audit                                                    401   401 401   200 200   200 200 403 403   403 403 403
GET    /v2/audit                                                                      401   401 401   200 403   403 403 403 403   403 403 403
GET    /v2/system                                                                     401   401 401   200 403   403 403 403 403   403 403 403
GET    /v2/accounts/:account/retention                                                401   401 401   200 200   200 200 403 403   403 403 403
POST   /v2/accounts/:account/retention                                                401   401 401   200 403   200 403 403 403   403 403 403
PUT    /v2/accounts/:account/retention                                                401   401 401   200 403   200 403 403 403   403 403 403
DELETE /v2/accounts/:account/retention                                                401   401 401   200 403   200 403 403 403   403 403 403
GET    /v2/accounts/:account/recordings/:id/delivery                                  401   401 401   200 200   200 200 200 404   403 403 403
POST   /v2/accounts/:account/recordings/:id/delivery                                  401   401 401   409 403   409 403 409 404   403 403 403
GET    /v2/accounts/:account/users/:user/recordings/:id/delivery                      401   401 401   200 200   200 200 200 403   403 403 403
POST   /v2/accounts/:account/users/:user/recordings/:id/delivery                      401   401 401   409 403   409 403 409 403   403 403 403
GET    /v2/accounts/:account/deliveries                                               401   401 401   200 200   200 200 403 403   403 403 403
GET    /v2/webhooks                                                                   401   401 401   200 200   200 200 200 200   200 200 200
GET    /v2/accounts/:account/webhooks                                                 401   401 401   200 200   200 200 403 403   403 403 403
PUT    /v2/accounts/:account/webhooks                                                 401   401 401   201 403   201 403 403 403   403 403 403
GET    /v2/accounts/:account/webhooks/attempts                                        401   401 401   200 200   200 200 403 403   403 403 403
GET    /v2/accounts/:account/webhooks/:id                                             401   401 401   200 200   200 200 403 403   403 403 403
POST   /v2/accounts/:account/webhooks/:id                                             401   401 401   200 403   200 403 403 403   403 403 403
PATCH  /v2/accounts/:account/webhooks/:id                                             401   401 401   200 403   200 403 403 403   403 403 403
DELETE /v2/accounts/:account/webhooks/:id                                             401   401 401   200 403   200 403 403 403   403 403 403
GET    /v2/accounts/:account/webhooks/:id/attempts                                    401   401 401   200 200   200 200 403 403   403 403 403
POST   /v2/accounts/:account/webhooks/:id/attempts/:event                             401   401 401   200 403   200 403 403 403   403 403 403
POST   /v2/accounts/:account/webhooks/:id/test                                        401   401 401   200 403   200 403 403 403   403 403 403
PUT    /v2/accounts/:account/webhooks/:id/test                                        401   401 401   200 403   200 403 403 403   403 403 403
GET    /v2/accounts/:account/events                                                   401   401 401   200 200   200 200 200 200   403 403 403
GET    /v2/accounts/:account/users/:user/events                                       401   401 401   200 200   200 200 200 403   403 403 403
GET    /v2/tokens                                                                     401   401 401   200 403   403 403 403 403   403 403 403
POST   /v2/tokens                                                                     401   401 401   200 403   403 403 403 403   403 403 403
DELETE /v2/tokens/:id                                                                 401   401 401   200 403   403 403 403 403   403 403 403
PUT    /v2/api_auth                                                                   400   401 401   201 201   201 201 201 201   201 201 201
PUT    /v2/user_auth                                                                  401   401 401   401 401   401 401 201 401   401 401 401
GET    /v2/webhooks/public-key                                                        200   200 200   200 200   200 200 200 200   200 200 200
GET    /v2/accounts/other.com/metaflows                                               401   401 401   200 200   403 403 403 403   200 200 403
PUT    /v2/accounts/other.com/users/1001/metaflows                                    401   401 401   200 403   403 403 403 403   200 403 200
GET    /v2/accounts/:account/users/1002/metaflows                                     401   401 401   200 200   200 200 403 200   403 403 403
GET    /v2/accounts/other.com/channels/:id                                            401   401 401   404 404   403 403 403 403   404 404 404
PUT    /v2/accounts/other.com/users/1001/channels/:id                                 401   401 401   404 403   403 403 403 403   404 403 404
PUT    /v2/accounts/:account/users/1002/channels/:id                                  401   401 401   404 403   404 403 403 404   403 403 403
GET    /v2/accounts/other.com/recordings/:id                                          401   401 401   404 404   403 403 403 403   404 404 404
DELETE /v2/accounts/other.com/recordings/:id                                          401   401 401   404 403   403 403 403 403   404 403 404
GET    /v2/accounts/:account/users/1002/recordings/:id                                401   401 401   404 404   404 404 403 404   403 403 403
DELETE /v2/accounts/:account/users/1002/recordings/:id                                401   401 401   404 403   404 403 403 404   403 403 403
GET    /v2/accounts/other.com/recordings/:id/audit                                    401   401 401   404 404   403 403 403 403   404 404 404
PUT    /v2/accounts/other.com/recordings/:id/hold                                     401   401 401   404 403   403 403 403 403   404 403 403
POST   /v2/accounts/other.com/recordings/:id/transcription                            401   401 401   404 403   403 403 403 403   404 403 404
GET    /v2/accounts/other.com/webhooks/:id                                            401   401 401   404 404   403 403 403 403   404 404 403
DELETE /v2/accounts/other.com/webhooks/:id                                            401   401 401   404 403   403 403 403 403   404 403 403
POST   /v2/accounts/other.com/webhooks/:id/attempts/:event                            401   401 401   404 403   403 403 403 403   404 403 403
POST   /v2/accounts/other.com/webhooks/:id/test                                       401   401 401   404 403   403 403 403 403   404 403 403
GET    /v2/accounts/:account/users/1002/events                                        401   401 401   200 200   200 200 403 200   403 403 403
GET    /workspaces/other.com/recordings/:id                                           401   401 401   404 404   403 403 403 403   404 404 404
DELETE /workspaces/other.com/recordings/:id                                           401   401 401   404 403   403 403 403 403   404 403 404
POST   /workspaces/other.com/channels/:channel/calls/:call/record                     401   401 401   404 403   403 403 403 403   404 403 404
`;

/** Who may know nothing of what is user 1001's. */
const STRANGERS = ['user 1002', 'other admin', 'other viewer', 'other user 1001'];

const rows = TABLE.split('\n').flatMap((line) => {
  const [, route, cells = ''] = /^ *([A-Z]+ +\/\S*)((?: +\d{3})+)$/.exec(line) ?? [];
  return route === undefined
    ? []
    : [{ route: route.replace(/ +/, ' '), expected: cells.trim().split(/ +/).map(Number) }];
});

describe('access', () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.close());

  const ask = (method: string, path: string, token: string | undefined) => {
    const asked = path === '/api' ? `${path}?command=Record&CallId=${world.names.call}` : path;
    const headers = { 'Content-Type': path.startsWith('/phones') ? 'application/json' : 'text/plain' };
    const body = bodyFor(method, path, token);
    return world.ask(method, asked, token, body, path === '/api' ? {} : headers);
  };

  it('is decided here for every route of the router, and no other', () => {
    const decided = rows.map(({ route }) => route).filter((route) => !/\/(other\.com|1002)\//.test(route));
    expect(decided).to.have.members(world.routes.map(({ method, path }) => `${method} ${path}`));
  });

  for (const { route, expected } of rows) {
    it(`is as the table says for ${route}`, async () => {
      const [method = '', template = ''] = route.split(' ');
      const answered: [holder: string, status: number][] = [];
      let before = await world.state();
      for (const holder of HOLDERS) {
        const { status, text } = await ask(method, world.fill(template), world.tokens.get(holder));
        const code = Number(/<Code>(\d+)/.exec(text)?.[1] ?? status);
        answered.push([holder, code]);
        if (code < 300) {
          const secrets = [world.names.call, world.names['recordings/:id'], world.names['webhooks/:id']];
          if (STRANGERS.includes(holder)) for (const secret of secrets) expect(text).not.to.include(secret!);
          if ((await world.state()) !== before) {
            await world.restore();
            before = await world.state();
          }
        } else {
          expect(await world.state(), `${holder} has changed nothing`).to.equal(before);
        }
      }
      expect(answered).to.deep.equal(HOLDERS.map((holder, index) => [holder, expected[index]]));
    });
  }

  it('shows a user the user’s own, and an admin the account’s', async () => {
    for (const path of ['channels', 'recordings']) {
      const count = async (holder: string) => {
        const { text } = await ask('GET', `/v2/accounts/${ACCOUNT}/${path}`, world.tokens.get(holder));
        return (JSON.parse(text) as { data: unknown[] }).data.length;
      };
      const all = path === 'channels' ? 1 : 2;
      expect([await count('user 1001'), await count('user 1002'), await count('admin')]).to.deep.equal([
        all,
        0,
        all,
      ]);
    }
  });
});
