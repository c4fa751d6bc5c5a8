/** What the rest of the service sees of a FreeSWITCH event: a typed union, made once at the border. */

/** A leg as a channel event or `uuid_dump` describes it. */
export interface LegData {
  uuid: string;
  /** Channel name, for example `sofia/internal/1001@example.com` or `loopback/1002-a`. */
  name: string;
  /** As the switch sees it: `inbound`, the switch was called; `outbound`, the switch called out. */
  direction: 'inbound' | 'outbound';
  /** Epoch, milliseconds, by the switch's clock. */
  createdAt: number;
  answered: boolean;
  callerIdName: string;
  callerIdNumber: string;
  calleeIdName: string;
  calleeIdNumber: string;
  destination: string;
  /** The variable `bypass_media`. */
  bypassMedia: boolean;
  /** Since when its own party has the call on hold: epoch, milliseconds, by the switch's clock. */
  heldSince?: number;
  /** When its own party's last hold began, which may be over: epoch, milliseconds, by the switch's clock. */
  lastHeld?: number;
  /** What its own party's holds that are over come to, milliseconds. */
  heldMs?: number;
  /** The other half of a loopback channel. */
  otherHalf?: string;
  /** A channel variable; arrays are kept as the switch joins them. A leg has a hundred, and most events are about none. */
  variable: (name: string) => string | undefined;
}

/** One whole picture of a switch. */
export interface Snapshot {
  legs: LegData[];
  /** Who is bridged with whom by `show calls`: the variables `bridge_uuid` and `signal_bond` outlive a bridge. */
  bridges: [string, string][];
}

interface Of<T extends string> {
  type: T;
  /** The leg that the event is about. */
  uuid: string;
  /** Epoch, milliseconds, by the switch's clock (`Event-Date-Timestamp`). */
  at: number;
}

export type SwitchEvent =
  | (Of<'create'> & { leg: LegData })
  | (Of<'answer'> & { leg: LegData })
  | (Of<'bridge'> & {
      /** Bridge-A-Unique-ID and Bridge-B-Unique-ID; never Other-Leg, which may be stale. */
      a: string;
      b: string;
      leg: LegData;
    })
  | (Of<'unbridge'> & {
      /** The bridge that ended; empty where the switch does not say (`switch_ivr_bridge.c`, signal bonds). */
      a: string;
      b: string;
    })
  | Of<'hold'>
  | (Of<'unhold'> & {
      /** What its party's holds come to, this one too, milliseconds. */
      heldMs?: number;
    })
  | (Of<'hangup'> & { cause: string })
  | Of<'destroy'>
  | (Of<'dtmf'> & { digit: string })
  | (Of<'code'> & {
      /** The whole code with its binding digit, as bound on the leg: `*71`. */
      code: string;
      /** What `uuid_record … mask` answered inside the switch, where the binding masks by itself. */
      masked: string;
    })
  | (Of<'record_start'> & RecordData)
  | (Of<'record_stop'> &
      RecordData & {
        /** variable_record_ms, milliseconds of audio. */
        durationMs: number;
        /** Record-Completion-Cause, for example `input-too-short`, `empty-file`, `uri-failure`. */
        cause: string;
      })
  | (Of<'bug_start' | 'bug_stop'> & { function: string; target: string })
  | (Of<'binding'> & {
      /** bind_digit_action, digit_action_set_realm, clear_digit_action or bind_meta_app, run by a dialplan. */
      application: string;
      data: string;
    });

interface RecordData {
  /** Record-File-Path */
  path: string;
  /** Recording-Variable-metaflows_recording, empty where somebody else started it. */
  recordingId: string;
}
