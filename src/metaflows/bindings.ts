/**
 * What is bound on a leg inside the switch, pure: the dialplan's own bindings as seen from what it executed, and
 * what to bind so that ours are absorbed and every one of its keeps working, unheard by the far end.
 *
 * Sources: `mod_dptools.c` (bind_digit_action, bind_to_session), `switch_ivr_async.c` (switch_ivr_dmachine_bind,
 * meta_on_dtmf), `switch_core_io.c` (switch_core_session_recv_dtmf, _send_dtmf).
 */

/** Where our codes are bound on a leg without bindings of its own. */
export const OUR_REALM = 'metaflows';

/** The meta key of bind_meta_app unless the variable bind_meta_key says otherwise (`mod_dptools.c`). */
const META_KEY = '*';

/** The bindings that a dialplan made on one leg. */
export interface Foreign {
  /** The realm that is active for the leg's own digits. */
  realm?: string;
  /** Literal digits bound for the leg's own digits, in {@link realm}. */
  own: readonly string[];
  /** bind_meta_app codes for the leg's own digits; these see every digit beside the realm's. */
  ownMeta: readonly string[];
  /** Codes bound on this leg for the digits of the leg that it is bridged with. */
  peer: readonly string[];
}

export const NO_FOREIGN: Foreign = { own: [], ownMeta: [], peer: [] };

/** Takes one application that the dialplan executed on the leg in. */
export function withExecuted(foreign: Foreign, application: string, data: string): Foreign {
  switch (application) {
    case 'bind_digit_action': {
      const [realm = '', digits = '', , , target = 'self'] = separate(data, ',');
      if (!realm || !digits) return foreign;
      const forSelf = target !== 'peer';
      const forPeer = target === 'peer' || target === 'both';
      const literal = digits.startsWith('~') ? [] : [digits.replace(/^=/, '')];
      return {
        ...foreign,
        ...(forSelf && {
          // Every binding that replaces none makes its realm the active one.
          realm,
          own: [...(foreign.realm === realm ? foreign.own : []), ...literal],
        }),
        ...(forPeer && { peer: [...foreign.peer, ...literal] }),
      };
    }
    case 'digit_action_set_realm': {
      const [realm = '', target = 'self'] = separate(data, ',');
      return realm && realm !== foreign.realm && target !== 'peer' ? { ...foreign, realm, own: [] } : foreign;
    }
    case 'clear_digit_action': {
      const [realm = '', target = 'self'] = separate(data, ',');
      const cleared = realm === 'all' || realm === foreign.realm;
      const { realm: active, ...rest } = foreign;
      return {
        ...(target !== 'peer' && cleared ? { ...rest, own: [] } : foreign),
        ...(target !== 'self' && realm === 'all' && { peer: [] }),
      };
    }
    case 'bind_meta_app': {
      const [key = '', legs = ''] = data.trim().split(' ');
      const code = META_KEY + key;
      return {
        ...foreign,
        ...(legs.includes('a') && { ownMeta: [...foreign.ownMeta, code] }),
        ...(legs.includes('b') && { peer: [...foreign.peer, code] }),
      };
    }
    default:
      return foreign;
  }
}

/** One binding to make, in {@link Plan.realm}. */
export type Binding =
  /** A code of ours: the switch says that it was pressed, and masks first where `masks`. */
  | { digits: string; does: 'code'; masks: boolean }
  /** A bind_meta_app code of the leg itself: it acts beside the realm; this only keeps it from the far end. */
  | { digits: string; does: 'swallow' }
  /** A code that the other leg listens for: handed to it with its bindings on, which what a realm passes is not. */
  | { digits: string; does: 'forward'; to: string };

/** A code of ours. */
export interface Code {
  code: string;
  /** Whether the switch is to mask by itself when it is pressed. */
  masks: boolean;
}

export interface Plan {
  realm: string;
  bindings: Binding[];
}

/**
 * What to bind on a leg for `codes`, given the dialplan's bindings on it and on the leg that it is bridged with. A
 * code that the dialplan has taken stays the dialplan's.
 */
export function plan(codes: readonly Code[], own: Foreign, peer: { uuid: string; foreign: Foreign }): Plan {
  const taken = new Set([...own.own, ...own.ownMeta, ...peer.foreign.peer]);
  const bindings: Binding[] = codes
    .filter(({ code }) => !taken.has(code))
    .map(({ code, masks }) => ({ digits: code, does: 'code', masks }));
  const swallowed = new Set(own.ownMeta.filter((code) => !own.own.includes(code)));
  for (const digits of swallowed) bindings.push({ digits, does: 'swallow' });
  for (const digits of new Set(peer.foreign.peer)) {
    if (!swallowed.has(digits) && !own.own.includes(digits)) {
      bindings.push({ digits, does: 'forward', to: peer.uuid });
    }
  }
  return { realm: own.realm ?? OUR_REALM, bindings };
}

/** Splits an application's data as `switch_separate_string` does, a leading `^^` naming another delimiter. */
function separate(data: string, delimiter: string): string[] {
  const other = /^\^\^(.)/.exec(data)?.[1];
  const parts = other === undefined ? data.split(delimiter) : data.slice(3).split(other);
  return parts.map((part) => part.trim());
}
