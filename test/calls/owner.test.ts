import { expect } from 'chai';
import { ownerOf, ownerOfFoundLeg, pinOf, PIN, readPin } from '../../src/calls/owner.js';
import { IDENTITY, legData } from '../support/legs.js';

describe('whose a leg is', () => {
  it('takes what the directory set on an authenticated inbound leg', () => {
    const leg = legData('a', { variables: { user_name: '1001', domain_name: 'example.com' } });
    expect(ownerOf(leg, IDENTITY)).to.deep.equal({ account: 'example.com', user: '1001' });
  });

  it('takes whom the switch dialed on an outbound leg', () => {
    const leg = legData('b', {
      direction: 'outbound',
      variables: {
        dialed_user: '1002',
        dialed_domain: 'example.com',
        user_name: '1001',
        domain_name: 'other',
      },
    });
    expect(ownerOf(leg, IDENTITY)).to.deep.equal({ account: 'example.com', user: '1002' });
  });

  it('never takes what a SIP caller can write', () => {
    const leg = legData('a', {
      callerIdName: '1001',
      callerIdNumber: '1001',
      variables: {
        sip_from_user: '1001',
        sip_from_host: 'example.com',
        'sip_P-Asserted-Identity': '1001',
        sip_h_X_metaflows_user: '1001',
        domain_name: 'example.com',
      },
    });
    expect(ownerOf(leg, IDENTITY)).to.equal(undefined);
  });

  it('has a device as an owner, and prefers metaflows_ over ecallmgr_ over the directory', () => {
    const variables = {
      metaflows_account: 'first',
      'ecallmgr_Account-ID': 'second',
      domain_name: 'third',
      'ecallmgr_Authorizing-ID': 'phone-7',
    };
    const leg = legData('a', { variables });
    expect(ownerOf(leg, IDENTITY)).to.deep.equal({ account: 'first', device: 'phone-7' });
  });

  it('takes no name with half a character in it, which no key could hold', () => {
    for (const variables of [
      { user_name: '1001', domain_name: 'example\ud800' },
      { user_name: '\udc00', domain_name: 'example.com' },
      { user_name: '\ude00', domain_name: '\ud83d' },
    ]) {
      expect(ownerOf(legData('a', { variables }), IDENTITY)).to.equal(undefined);
    }
  });

  for (const name of ['verto.rtc/1001', 'loopback/1001-a']) {
    it(`gives ${name} to nobody unless its endpoint is trusted`, () => {
      const leg = legData('a', {
        name: name.replace('verto.rtc', 'verto'),
        variables: { user_name: '1001', domain_name: 'example.com' },
      });
      expect(ownerOf(leg, IDENTITY)).to.equal(undefined);
      const endpoint = name.startsWith('verto') ? 'verto' : 'loopback';
      expect(ownerOf(leg, { ...IDENTITY, trusted_endpoints: [endpoint] })?.user).to.equal('1001');
    });

    it(`believes no pin on ${name} unless its endpoint is trusted: its client may have written it`, () => {
      const variables = { [PIN]: pinOf('a', { account: 'example.com', user: '1001' }) };
      const leg = legData('a', { name: name.replace('verto.rtc', 'verto'), variables });
      expect(ownerOfFoundLeg(leg, IDENTITY)).to.equal(undefined);
      const endpoint = name.startsWith('verto') ? 'verto' : 'loopback';
      expect(ownerOfFoundLeg(leg, { ...IDENTITY, trusted_endpoints: [endpoint] })?.user).to.equal('1001');
    });
  }

  it('gives verto.rtc legs to nobody', () => {
    const leg = legData('a', {
      name: 'verto.rtc/1001',
      variables: { user_name: '1001', domain_name: 'example.com' },
    });
    expect(ownerOf(leg, IDENTITY)).to.equal(undefined);
  });

  it('keeps a pin through odd names, for that leg alone', () => {
    const owner = { account: 'a/b c', user: 'ü%,}', device: 'd' };
    const pin = pinOf('leg-1', owner);
    expect(readPin('leg-1', pin)).to.deep.equal(owner);
    expect(readPin('leg-2', pin)).to.equal(undefined);
    expect(readPin('leg-1', pinOf('leg-1', undefined))).to.equal(null);
    expect(readPin('leg-1', 'leg-1/%')).to.equal(undefined);
  });

  it('goes by the pin of a leg that it finds, whatever the variables say now', () => {
    const leg = legData('b', {
      direction: 'outbound',
      variables: {
        dialed_user: '1003',
        dialed_domain: 'example.com',
        [PIN]: pinOf('b', { account: 'example.com', user: '1002' }),
      },
    });
    expect(ownerOfFoundLeg(leg, IDENTITY)?.user).to.equal('1002');
  });

  it('goes by the pin of nobody, too', () => {
    const leg = legData('a', {
      variables: { user_name: '1003', domain_name: 'example.com', [PIN]: pinOf('a', undefined) },
    });
    expect(ownerOfFoundLeg(leg, IDENTITY)).to.equal(undefined);
  });

  it('gives a found outbound leg that ran a dialplan of its own to nobody', () => {
    const variables = { dialed_user: '1003', dialed_domain: 'example.com' };
    const leg = legData('b', { direction: 'outbound', variables });
    expect(ownerOfFoundLeg(leg, IDENTITY)?.user).to.equal('1003');
    const after = { ...variables, current_application: 'bridge' };
    const moved = legData('b', { direction: 'outbound', variables: after });
    expect(ownerOfFoundLeg(moved, IDENTITY)).to.equal(undefined);
  });
});
