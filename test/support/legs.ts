/** Legs and events as the switch would describe them, for tests of what is decided from them. */
import type { IdentityVariables } from '../../src/generated/configuration.js';
import type { LegData, SwitchEvent } from '../../src/switch/events.js';

export const IDENTITY: Required<IdentityVariables> = {
  inbound_account: ['metaflows_account', 'ecallmgr_Account-ID', 'domain_name'],
  inbound_user: ['metaflows_user', 'ecallmgr_Owner-ID', 'user_name'],
  outbound_account: ['metaflows_account', 'ecallmgr_Account-ID', 'dialed_domain'],
  outbound_user: ['metaflows_user', 'ecallmgr_Owner-ID', 'dialed_user'],
  device: ['metaflows_device', 'ecallmgr_Authorizing-ID'],
  trusted_endpoints: [],
};

/** What a test says of a leg; its channel variables by name. */
type Told = Partial<Omit<LegData, 'variable'>> & { variables?: Record<string, string> };

export function legData(uuid: string, { variables = {}, ...data }: Told = {}): LegData {
  return {
    uuid,
    name: `sofia/internal/${uuid}`,
    direction: 'inbound',
    createdAt: 1000,
    answered: false,
    callerIdName: '',
    callerIdNumber: '',
    calleeIdName: '',
    calleeIdNumber: '',
    destination: '',
    bypassMedia: false,
    variable: (name) => variables[name],
    ...data,
  };
}

export function create(uuid: string, data: Told = {}): SwitchEvent {
  return { type: 'create', uuid, at: 0, leg: legData(uuid, data) };
}

export function bridge(a: string, b: string): SwitchEvent {
  return { type: 'bridge', uuid: a, at: 0, a, b, leg: legData(a) };
}

export function unbridge(a: string, b: string): SwitchEvent {
  return { type: 'unbridge', uuid: a, at: 0, a, b };
}
