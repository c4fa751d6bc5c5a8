import { expect } from 'chai';
import { changeOf } from '../../src/audit/settings.js';

describe('the audit of settings', () => {
  it('has the keys that changed, as they were and as they are', () => {
    const before = { name: 'a', hook: 'all', retries: 1.5, enabled: false };
    const after = { name: 'a', hook: 'recording', enabled: false, format: 'json' };
    expect(changeOf(before, after)).to.deep.equal({
      before: { hook: 'all', retries: 1.5 },
      after: { hook: 'recording', format: 'json' },
    });
    expect(changeOf(undefined, { days: 3 })).to.deep.equal({ after: { days: 3 } });
    expect(changeOf({ days: 3 }, undefined)).to.deep.equal({ before: { days: 3 } });
    expect(changeOf({ days: 3 }, { days: 3 })).to.deep.equal({ before: {}, after: {} });
    expect(changeOf(undefined, undefined)).to.deep.equal({});
  });

  it('says that a secret changed, and not which it was or is', () => {
    const before = { uri: 'https://u:hunter2@a.test/hook?key=hunter2#hunter2', secret: 'hunter2' };
    const after = { uri: 'https://a.test/hook?key=hunter3', custom_data: { key: 'hunter3' } };
    const change = changeOf(before, after);
    expect(JSON.stringify(change)).not.to.match(/hunter/);
    expect(change).to.deep.equal({
      before: { uri: 'https://a.test/hook', secret: '…' },
      after: { uri: 'https://a.test/hook', custom_data: '…' },
    });
  });
});
