/** What is going to happen: all of it follows from the seed. Pure. */
import { PHONE_TONES } from '../support/tones.js';
import { Random } from './random.js';

export type Role = 'caller' | 'callee';
export type Action = 'start' | 'mask' | 'unmask' | 'stop';

/** What a party does; where a step has nobody who does it, all do. */
export type Step =
  | { do: 'press' | 'ask'; by: Role; action: Action }
  | { do: 'keys'; by: Role; keys: string }
  | { do: 'talk'; ms: number }
  | { do: 'hold'; by: Role; ms: number }
  | { do: 'transfer' | 'attended'; by: Role };

export interface PlannedCall {
  /** Milliseconds after the call before it on its line. */
  pause: number;
  from: string;
  to: string;
  /** Who is called where it is transferred. */
  third: string;
  route: 'direct' | 'loopback' | 'outside';
  steps: Step[];
  hangupBy: Role;
  /** Hung up so many milliseconds after it was answered, whatever is under way. */
  cutAfter?: number;
}

/** Where the service is killed: before the switch has a command, before the reply comes back, or right after it has. */
export type Moment = 'command' | 'reply' | 'write';

export type Fault =
  | { kind: 'kill'; downMs: number }
  | { kind: 'kill_at'; command: string; moment: Moment; delayMs: number; downMs: number }
  | { kind: 'reset' | 'stall'; ms: number }
  | { kind: 'cut' }
  | { kind: 'switch_crash'; downMs: number }
  | { kind: 'disk_full'; ms: number }
  | { kind: 'uploads' | 'webhooks'; mood: 'refuse' | 'hang' | 'error'; ms: number }
  | { kind: 'clock'; shiftMs: number };

/** `at` is in milliseconds from the beginning. */
export type PlannedFault = Fault & { at: number };

export interface Plan {
  durationMs: number;
  /** Lines go on beside each other, each with telephones of its own; a line's calls follow each other. */
  lines: PlannedCall[][];
  faults: PlannedFault[];
}

/** Each line has four telephones. */
const PHONES_A_LINE = 4;
/** Calls take longer: no line is ever done before the time is over. */
const SHORTEST_CALL_MS = 3000;
/** Between two faults, milliseconds. */
const FAULT_GAP = [3000, 6000] as const;
/** What part of the run the service is killed in: what lives on then shows what it leaves behind. */
const KILLING = 0.7;
/** The part of the run in which something happens at all: what is under way at the end is to end in peace. */
const FAULTS = 0.9;

/** The commands around which the service is killed, as the event socket has them: fenced (`fence.ts`). */
const TRAPS = [
  'uuid_record .* start ',
  'uuid_record .* mask ',
  'uuid_record .* unmask ',
  'uuid_record .* stop ',
  'global_setvar .*metaflows_beginning',
  'global_setvar.*metaflows_masked',
  'uuid_displace',
  'uuid_buglist',
  'show channels',
  'bind_digit_action',
];

const KINDS: readonly Fault['kind'][] = [
  'kill',
  'kill_at',
  'kill_at',
  'kill_at',
  'reset',
  'stall',
  'cut',
  'switch_crash',
  'disk_full',
  'uploads',
  'webhooks',
  'clock',
];

/** The plan of a run of so many minutes with so many lines, at most five. */
export function planOf(seed: number, minutes: number, lines: number): Plan {
  const random = new Random(seed);
  const durationMs = minutes * 60_000;
  const phones = Object.keys(PHONE_TONES);
  return {
    durationMs,
    lines: Array.from({ length: lines }, (_, line) => {
      const own = phones.slice(line * PHONES_A_LINE, (line + 1) * PHONES_A_LINE);
      const source = random.fork(line);
      return Array.from({ length: Math.ceil(durationMs / SHORTEST_CALL_MS) }, () => callOf(source, own));
    }),
    faults: faultsOf(random.fork(lines), durationMs),
  };
}

function callOf(random: Random, phones: readonly string[]): PlannedCall {
  const [from = '', to = '', third = ''] = random.shuffled(phones);
  const route = random.pick(['direct', 'direct', 'direct', 'loopback', 'outside'] as const);
  // whoever is outside has no codes
  const by = (): Role => (route === 'outside' ? 'callee' : random.pick(['caller', 'callee']));
  return {
    pause: random.between(100, 1500),
    from,
    to,
    third,
    route,
    steps: stepsOf(random, by, route),
    hangupBy: random.pick(['caller', 'callee']),
    ...(random.chance(0.25) && { cutAfter: random.between(200, 9000) }),
  };
}

function stepsOf(random: Random, by: () => Role, route: PlannedCall['route']): Step[] {
  const act = (action: Action): Step => ({ do: random.chance(0.8) ? 'press' : 'ask', by: by(), action });
  const steps: Step[] = random.chance(0.1) ? [] : [act('start')];
  const count = random.between(1, 5);
  for (let n = 0; n < count; n++) {
    const dice = random.next();
    if (dice < 0.5) {
      steps.push(act('mask'), { do: 'talk', ms: random.between(300, 2500) });
      if (random.chance(0.8)) steps.push(act('unmask'));
    } else if (dice < 0.6) steps.push(act(random.pick(['start', 'mask', 'unmask', 'stop'])));
    else if (dice < 0.7) steps.push({ do: 'keys', by: by(), keys: wrongKeys(random) });
    else if (dice < 0.8) steps.push({ do: 'hold', by: by(), ms: random.between(300, 1500) });
    // a transfer moves who was called by loopback or from outside no less; one for each call keeps it readable
    else if (dice < 0.9 && route === 'direct' && !steps.some(isTransfer)) {
      steps.push({ do: random.pick(['transfer', 'attended'] as const), by: by() });
    }
    steps.push({ do: 'talk', ms: random.between(200, 1500) });
  }
  if (random.chance(0.5)) steps.push(act('stop'));
  return steps;
}

function isTransfer(step: Step): boolean {
  return step.do === 'transfer' || step.do === 'attended';
}

/** No code: one that nobody has, or what could be the number of a card. */
function wrongKeys(random: Random): string {
  if (random.chance(0.3)) return `*${random.pick(['70', '79', '81', '5'])}`;
  return Array.from({ length: 8 }, () => random.between(0, 9)).join('');
}

function faultsOf(random: Random, durationMs: number): PlannedFault[] {
  const faults: PlannedFault[] = [];
  let kinds: Fault['kind'][] = [];
  for (let at = 4000; at < durationMs * FAULTS; at += random.between(...FAULT_GAP)) {
    // dealt like cards, so that a short run too has every kind
    if (kinds.length === 0) kinds = random.shuffled(KINDS);
    const kind = kinds.pop()!;
    if (kind.startsWith('kill') && at > durationMs * KILLING) continue;
    faults.push({ ...faultOf(random, kind), at });
  }
  return faults;
}

function faultOf(random: Random, kind: Fault['kind']): Fault {
  switch (kind) {
    case 'kill':
      return { kind, downMs: random.between(100, 3000) };
    case 'kill_at':
      return {
        kind,
        command: random.pick(TRAPS),
        moment: random.pick(['command', 'reply', 'write'] as const),
        delayMs: random.between(0, 4),
        downMs: random.between(100, 2000),
      };
    case 'reset':
      return { kind, ms: random.between(0, 2000) };
    case 'stall':
      return { kind, ms: random.between(200, 6000) };
    case 'cut':
      return { kind };
    case 'switch_crash':
      return { kind, downMs: random.between(200, 2000) };
    case 'disk_full':
      return { kind, ms: random.between(1000, 5000) };
    case 'uploads':
    case 'webhooks':
      return {
        kind,
        mood: random.pick(['refuse', 'hang', 'error'] as const),
        ms: random.between(1000, 8000),
      };
    case 'clock':
      return { kind, shiftMs: random.pick([-1, 1]) * random.pick([700, 5000, 60_000, 3_600_000]) };
  }
}
