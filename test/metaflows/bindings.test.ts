import { expect } from 'chai';
import { NO_FOREIGN, plan, withExecuted, type Foreign } from '../../src/metaflows/bindings.js';

const executed = (...applications: [string, string][]): Foreign =>
  applications.reduce((foreign, [application, data]) => withExecuted(foreign, application, data), NO_FOREIGN);
const CODES = [
  { code: '*71', masks: false },
  { code: '*72', masks: true },
];
const OURS = [
  { digits: '*71', does: 'code', masks: false },
  { digits: '*72', does: 'code', masks: true },
];

describe('what is bound on a leg', () => {
  it('is a realm of our own where the dialplan binds nothing', () => {
    expect(plan(CODES, NO_FOREIGN, { uuid: 'p', foreign: NO_FOREIGN })).to.deep.equal({
      realm: 'metaflows',
      bindings: OURS,
    });
  });

  it("joins the dialplan's realm, which another would silence", () => {
    const own = executed(['bind_digit_action', 'local,*1,exec:execute_extension,dx XML features,self,self']);
    expect(plan(CODES, own, { uuid: 'p', foreign: NO_FOREIGN })).to.deep.equal({
      realm: 'local',
      bindings: OURS,
    });
  });

  it('reads another delimiter, and a realm that is set or cleared', () => {
    expect(executed(['bind_digit_action', '^^;r;*1;exec:log;x']).realm).to.equal('r');
    const two = executed(['bind_digit_action', 'r,*1,exec:log,x'], ['digit_action_set_realm', 's']);
    expect(two.realm).to.equal('s');
    const again = executed(['bind_digit_action', 'r,*1,exec:log,x'], ['digit_action_set_realm', 'r']);
    expect(again.own).to.deep.equal(['*1']);
    expect(withExecuted(two, 'clear_digit_action', 's').realm).to.equal(undefined);
    expect(withExecuted(two, 'clear_digit_action', 'r').realm).to.equal('s');
    expect(withExecuted(two, 'clear_digit_action', 'all').realm).to.equal(undefined);
  });

  it('leaves a code to a dialplan that has it already', () => {
    const own = executed(['bind_digit_action', 'local,*71,exec:log,x']);
    const { bindings } = plan(CODES, own, { uuid: 'p', foreign: NO_FOREIGN });
    expect(bindings).to.deep.equal([OURS[1]]);
  });

  it('swallows the bind_meta_app codes of the leg itself, which act beside a realm', () => {
    const own = executed(['bind_meta_app', '1 a s execute_extension::dx XML features']);
    const { bindings } = plan(CODES, own, { uuid: 'p', foreign: NO_FOREIGN });
    expect(bindings).to.deep.equal([...OURS, { digits: '*1', does: 'swallow' }]);
  });

  it('hands the other leg the codes that it listens for', () => {
    const foreign = executed(
      ['bind_meta_app', '1 b s execute_extension::dx XML features'],
      ['bind_digit_action', 'local,*5,exec:log,x,peer,self'],
    );
    expect(foreign.realm).to.equal(undefined);
    const { bindings } = plan(CODES, NO_FOREIGN, { uuid: 'p', foreign });
    expect(bindings).to.deep.equal([
      ...OURS,
      { digits: '*1', does: 'forward', to: 'p' },
      { digits: '*5', does: 'forward', to: 'p' },
    ]);
  });
});
