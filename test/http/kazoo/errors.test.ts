import { expect } from 'chai';
import { MetaflowsError } from '../../../src/errors.js';
import { ADMIN_TOKEN, asking, startApi, unwrapped, type Api, type Ask } from '../../support/api.js';
import { channel } from '../../support/channels.js';

const BOB = '/v2/accounts/example.com/users/1001/metaflows';

const invalid = (data: object) => ({ data, error: '400', message: 'validation error', status: 'error' });
const invalidJson = (message: string) => invalid({ json: { invalid: { message, target: 'body' } } });

describe('Kazoo’s errors', () => {
  let api: Api;
  let token: string;
  let ask: Ask;

  before(async () => {
    api = await startApi();
    ({ token } = await api.store.tokens.create({ account: 'example.com', role: 'admin' }));
    ask = asking(api, token);
  });
  after(() => api.close());

  /** Errors that come before the token is looked at do not repeat it. */
  const early: [what: string, ask: () => Promise<Awaited<ReturnType<Ask>>>, expected: object][] = [
    [
      'no token',
      () => asking(api)('GET', BOB),
      {
        data: { message: 'invalid credentials' },
        error: '401',
        message: 'invalid_credentials',
        status: 'error',
      },
    ],
    [
      'an unknown token',
      () => asking(api, 'unknown')('GET', BOB),
      { data: {}, error: '401', message: 'invalid credentials', status: 'error' },
    ],
    [
      'JSON that ends too early, before all else',
      () => asking(api)('PUT', '/v2/accounts/x/recordings', '{"data":'),
      invalidJson('truncated_json around 9'),
    ],
    ['JSON that ends in a key', () => ask('POST', BOB, '{"data"'), invalidJson('truncated_json around 8')],
    [
      'JSON with something else in it',
      () => ask('POST', BOB, '{"data":{"a":tru}}'),
      invalidJson('invalid_json around 17'),
    ],
    ['JSON that is no object', () => ask('POST', BOB, '[]'), invalidJson('not an object')],
    [
      'JSON that is nested too deeply',
      () => ask('PATCH', BOB, `{"data":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`),
      invalidJson('nested deeper than 64 levels'),
    ],
    [
      'a body of more than a mebibyte',
      () => ask('POST', BOB, `{"data":"${'x'.repeat(1024 * 1024)}"}`),
      {
        data: {
          file: {
            maxSize: { message: 'Payload or Files must not be more than 1048576 bytes', target: 1048576 },
          },
        },
        error: '413',
        message: 'validation error',
        status: 'error',
      },
    ],
    [
      'a method that there is not, before the token',
      () => asking(api)('DELETE', '/v2/accounts/example.com/recordings'),
      { data: { message: 'method not allowed' }, error: '405', message: 'invalid_method', status: 'error' },
    ],
    [
      'a path that there is not',
      () => ask('GET', '/v2/accounts/example.com/nothing'),
      { data: { message: 'not found' }, error: '404', message: 'not_found', status: 'error' },
    ],
    [
      'a path whose escapes are wrong',
      () => ask('GET', '/v2/accounts/%zz/metaflows'),
      {
        data: { message: "failed to decode param '%zz'" },
        error: '400',
        message: 'failed_to_decode_param_zz_',
        status: 'error',
      },
    ],
  ];

  /** The token is known, and repeated. */
  const late: typeof early = [
    [
      'another account, before the schema',
      () => ask('POST', '/v2/accounts/other.com/metaflows', { data: 'nonsense' }),
      { data: { message: 'forbidden' }, error: '403', message: 'forbidden', status: 'error' },
    ],
    [
      'a body without data',
      () => ask('POST', BOB, { numbers: {} }),
      invalid({ data: { required: { message: 'Field is required but missing' } } }),
    ],
    [
      'a value that is not one of the list',
      () => ask('POST', BOB, { data: { binding_digit: 'A' } }),
      invalid({
        binding_digit: {
          enum: {
            message: 'Value not found in enumerated list of values',
            target: ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '*', '#'],
            value: 'A',
          },
        },
      }),
    ],
    [
      'a module that is missing',
      () => ask('POST', BOB, { data: { numbers: { 71: { data: {} } } } }),
      invalid({ 'numbers.71.module': { required: { message: 'Field is required but missing' } } }),
    ],
    [
      'an unknown recording',
      () => ask('GET', '/v2/accounts/example.com/recordings/202601-00'),
      {
        data: { message: 'bad identifier', cause: '202601-00' },
        error: '404',
        message: 'bad_identifier',
        status: 'error',
      },
    ],
  ];

  for (const [errors, repeatsToken] of [
    [early, false],
    [late, true],
  ] as const) {
    for (const [what, send, expected] of errors) {
      it(`say ${what}`, async () => {
        const answer = await send();
        expect(unwrapped(answer.body, repeatsToken ? token : undefined)).to.deep.equal(expected);
        expect(String(answer.status)).to.equal((expected as { error: string }).error);
        expect(answer.type).to.equal('application/json');
      });
    }
  }

  /** kazoo.md's own lines. */
  const LINES: [what: string, ask: () => Promise<Awaited<ReturnType<Ask>>>, line: string][] = [
    [
      '401 missing',
      () => asking(api)('GET', BOB),
      '{"data":{"message":"invalid credentials"},"error":"401","message":"invalid_credentials","status":"error"}',
    ],
    [
      '401 unknown',
      () => asking(api, 'unknown')('GET', BOB),
      '{"data":{},"error":"401","message":"invalid credentials","status":"error"}',
    ],
    [
      '400 bad JSON',
      () => ask('POST', BOB, '{"data":'),
      '{"data":{"json":{"invalid":{"message":"truncated_json around 9","target":"body"}}},"error":"400","message":"validation error","status":"error"}',
    ],
    [
      '400 schema',
      () => ask('POST', BOB, { data: { binding_digit: 'A' } }),
      '{"data":{"binding_digit":{"enum":{"message":"Value not found in enumerated list of values","target":["1","2","3","4","5","6","7","8","9","0","*","#"],"value":"A"}}},"error":"400","message":"validation error","status":"error"}',
    ],
    [
      '400 required',
      () => ask('POST', BOB, { data: { numbers: { 71: {} } } }),
      '{"data":{"numbers.71.module":{"required":{"message":"Field is required but missing"}}},"error":"400","message":"validation error","status":"error"}',
    ],
    [
      '404 id',
      () => ask('GET', '/v2/accounts/example.com/channels/{ID}'),
      '{"data":{"message":"bad identifier","cause":"{ID}"},"error":"404","message":"bad_identifier","status":"error"}',
    ],
    [
      '404 path',
      () => ask('GET', '/v2/nothing'),
      '{"data":{"message":"not found"},"error":"404","message":"not_found","status":"error"}',
    ],
    [
      '405',
      () => ask('DELETE', '/v2/accounts/example.com/channels'),
      '{"data":{"message":"method not allowed"},"error":"405","message":"invalid_method","status":"error"}',
    ],
  ];
  for (const [what, send, line] of LINES) {
    it(`are kazoo.md’s byte for byte, but for ids and times: ${what}`, async () => {
      const { text } = (await send()) as unknown as { text: string };
      const [told = '', rest = ''] = text.split(/(?<="status":"error"),/);
      expect(`${told}}`).to.equal(line);
      const { auth_token, ...others } = JSON.parse(`{${rest}`) as Record<string, unknown>;
      expect(Object.keys(others)).to.deep.equal(['request_id', 'node', 'timestamp', 'version', 'revision']);
      expect([undefined, token]).to.include(auth_token);
    });
  }

  it('name the methods that there are', async () => {
    expect((await ask('PATCH', '/v2/tokens')).headers['allow']).to.equal('GET, POST');
  });

  it('refuse names that no log line or path could show', async () => {
    for (const name of ['%00', 'a%0Ab', '%7F', 'x'.repeat(257)]) {
      const { status, body } = await asking(api, ADMIN_TOKEN)('GET', `/v2/accounts/${name}/metaflows`);
      expect(status).to.equal(404);
      expect(body.message).to.equal('bad_identifier');
    }
  });

  describe('where something failed', () => {
    const run = () =>
      ask('PUT', '/v2/accounts/example.com/channels/leg', { action: 'metaflow', data: { module: 'hangup' } });

    before(() => api.calls.legs.push(channel('leg')));

    it('have a code and a sentence', async () => {
      api.calls.outcome = () => {
        throw new MetaflowsError('switch_down');
      };
      const { status, body } = await run();
      expect(status).to.equal(503);
      expect(unwrapped(body, token)).to.deep.equal({
        data: { message: 'the switch is not connected' },
        error: '503',
        message: 'switch_down',
        status: 'error',
      });
    });

    it('say nothing of what nobody foresaw, but the log does', async () => {
      api.calls.outcome = () => {
        throw new Error('a detail for nobody outside');
      };
      const { status, body } = await run();
      expect(status).to.equal(500);
      expect(unwrapped(body, token)).to.deep.equal({
        data: { message: 'unspecified fault' },
        error: '500',
        message: 'unspecified_fault',
        status: 'error',
      });
      const line = api.lines.find((each) => each.includes('a detail for nobody outside'));
      expect(line).to.include(body.request_id);
    });
  });
});
