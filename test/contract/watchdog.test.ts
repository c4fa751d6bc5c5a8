import { expect } from 'chai';
import { Connection } from '../../src/switch/connection.js';
import { capturingLog } from '../support/log.js';
import { talk } from './commands.js';
import { useLab } from './shared-lab.js';

describe('contract: the watchdog of a connection', () => {
  const lab = useLab();

  it('takes the switch’s answers for what they are, however often it asks', async () => {
    const { host, port, password } = lab().pbx;
    const { log } = capturingLog();
    let lost: string | undefined;
    const connection = new Connection({
      host,
      port,
      password,
      log,
      watchdogMs: 100,
      onClose: ({ detail }) => (lost = detail),
    });
    await connection.open();
    await talk(1000);
    expect(lost).to.equal(undefined);
    expect((await connection.command('api echo still there')).body.trim()).to.equal('still there');
    connection.close();
  });
});
