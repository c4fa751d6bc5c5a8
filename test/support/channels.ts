import type { Channel } from '../../src/http/ports.js';

/** A live leg of 1001 of account `example.com`, unless `changes` say otherwise. */
export function channel(uuid: string, changes: Partial<Channel> = {}): Channel {
  return {
    uuid,
    account: 'example.com',
    user: '1001',
    direction: 'inbound',
    answered: true,
    destination: '1002',
    callerIdName: 'Alice',
    callerIdNumber: '1001',
    createdAt: Date.UTC(2026, 0, 1),
    ...changes,
  };
}

/** An outside party's leg, which nobody owns. */
export function outsideChannel(uuid: string, otherLeg: string): Channel {
  const leg = channel(uuid, { otherLeg, direction: 'outbound' });
  delete leg.account;
  delete leg.user;
  return leg;
}
