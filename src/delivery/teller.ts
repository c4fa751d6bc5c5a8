/** Tells webhooks what happened, keeps the log of it, and disables those that can be told nothing for long. */
import type { KeyObject } from 'node:crypto';
import type { Logger } from 'winston';
import type { Audit } from '../audit/events.js';
import { changeOf } from '../audit/settings.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { WebhookSettings } from '../generated/webhook.js';
import type { Happening } from '../recording/events.js';
import type { Attempt, Webhook, WebhookLog } from '../store/webhooks.js';
import { Turns } from '../turns.js';
import { timeOfUuid } from '../uuid.js';
import type { FailedAttempt, Shipment } from './attempts.js';
import { newNoticeId, recordingNotice, type Notice } from './notice.js';
import type { Attempted } from './outbox.js';
import { failureOf, judged } from './outcome.js';
import type { Answer, Outgoing } from './send.js';
import { wants, webhookRequest, type WebhookFormat, type WebhookFormats } from './webhook.js';

/** So many notices in a row that were given up, each after days or after its retries, are no outage any more. */
const MAX_GIVEN_UP = 10;
/** 410 Gone: the receiver says by itself that it wants no more. */
const GONE = 410;

/** What keeps webhooks and the logs of their attempts. */
export interface WebhooksPort {
  get(account: string, id: string): Webhook | undefined;
  list(account: string): [id: string, webhook: Webhook][];
  /** Resolves with undefined where there is none. */
  change(account: string, id: string, change: (current: Webhook) => Webhook): Promise<Webhook | undefined>;
  log(account: string, id: string): Promise<WebhookLog>;
  changeLog(account: string, id: string, change: (log: WebhookLog) => WebhookLog): Promise<WebhookLog>;
}

export interface TellerOptions {
  recordings: { get(account: string, id: string): Promise<RecordingDocument | undefined> };
  webhooks: WebhooksPort;
  signingKey: KeyObject;
  formats: WebhookFormats;
  send: (outgoing: Outgoing, signal: AbortSignal) => Promise<Answer>;
  now: () => number;
  audit: Audit;
  log: Logger;
}

/** A webhook that wants to be told, with what it is told. */
export interface Addressee {
  id: string;
  uri: string;
  /** At most so many attempts after the first. */
  retries?: number;
  notice: Notice;
}

export class Teller {
  private readonly disabling = new Turns();

  constructor(private readonly options: TellerOptions) {}

  /** The webhooks that want to be told. */
  audience(notice: Notice): Addressee[] {
    return this.options.webhooks
      .list(notice.account_id)
      .filter(([, { settings }]) => wants(settings, notice.event) && this.isTold(settings, notice))
      .map(([id, { settings }]) => {
        const { uri, retries } = settings;
        return { id, uri, ...(retries !== undefined && { retries }), notice: withOwn(settings, notice) };
      });
  }

  /** Tells nothing to a webhook that is deleted or disabled. */
  async attempt(
    account: string,
    id: string,
    shipment: Shipment & { notice?: Notice },
    signal: AbortSignal,
  ): Promise<Attempted> {
    const webhook = this.options.webhooks.get(account, id);
    const { notice, attempts } = shipment;
    if (!webhook || !notice || webhook.settings.enabled === false) return { outcome: 'dropped' };
    return this.tell(account, id, webhook, notice, attempts + 1, signal);
  }

  /** Tells a webhook, disabled ones too, that it is tested; once. */
  async test(account: string, id: string, webhook: Webhook): Promise<'sent' | FailedAttempt> {
    const at = this.options.now();
    const notice = withOwn(webhook.settings, {
      event: 'webhook.test',
      id: newNoticeId(at),
      timestamp: new Date(at).toISOString(),
      account_id: account,
    });
    return this.tellOnce(account, id, webhook, notice, 1);
  }

  /**
   * Tells a webhook, disabled ones too, of an event that it was tried to be told of, once: `notice`, or, where there is
   * none any more, with the recording as it is now. Resolves with undefined where neither is known.
   */
  async again(
    account: string,
    id: string,
    webhook: Webhook,
    event: string,
    notice?: Notice,
  ): Promise<'sent' | FailedAttempt | undefined> {
    const { webhooks } = this.options;
    const tried = (await webhooks.log(account, id)).attempts.filter(({ event_id }) => event_id === event);
    const told = notice ?? (await this.remade(account, webhook, tried[0]));
    return (
      told &&
      this.tellOnce(account, id, webhook, told, 1 + Math.max(0, ...tried.map(({ attempt }) => attempt)))
    );
  }

  /** A notice was given up. */
  async gaveUp(account: string, id: string, last: Shipment['last']): Promise<void> {
    const { webhooks } = this.options;
    const { given_up } = await webhooks.changeLog(account, id, (logged) => ({
      ...logged,
      given_up: logged.given_up + 1,
    }));
    const gone = last?.status === GONE;
    if (!gone && given_up < MAX_GIVEN_UP) return;
    const what = `${last?.error ?? 'unknown'}${last?.status === undefined ? '' : ` ${last.status}`}`;
    const disable_reason = gone
      ? 'the receiver answered 410 Gone'
      : `${given_up} events in a row could not be told; the last attempt: ${what}`;
    await this.disabling.take(id, () => this.disable(account, id, disable_reason));
  }

  /** Accounted for first: tried again after a failure, it finds the webhook as it was. */
  private async disable(account: string, id: string, disable_reason: string): Promise<void> {
    const { webhooks, audit, now, log } = this.options;
    const before = webhooks.get(account, id)?.settings;
    if (!before || before.enabled === false) return;
    await audit({
      action: 'webhook',
      at: new Date(now()).toISOString(),
      by: 'service',
      result: 'ok',
      account_id: account,
      webhook_id: id,
      ...changeOf(before, { ...before, enabled: false, disable_reason }),
    });
    const disabled = await webhooks.change(account, id, (current) => ({
      ...current,
      settings: { ...current.settings, enabled: false },
      disable_reason,
    }));
    if (disabled) log.warn('a webhook was disabled', { account, webhook: id, reason: disable_reason });
  }

  private formatOf({ format }: WebhookSettings): WebhookFormat | undefined {
    return format && this.options.formats[format];
  }

  private isTold(settings: WebhookSettings, notice: Notice): boolean {
    const format = this.formatOf(settings);
    return !format || format.body(notice) !== undefined;
  }

  private async remade(account: string, { settings }: Webhook, tried?: Attempt): Promise<Notice | undefined> {
    if (tried?.recording_id === undefined) return undefined;
    const recording = await this.options.recordings.get(account, tried.recording_id);
    const type = tried.event.replace(/^recording\./, '') as Happening['type'];
    const at = timeOfUuid(tried.event_id);
    return recording && withOwn(settings, recordingNotice({ id: tried.event_id, type, at, recording }));
  }

  private async tellOnce(
    account: string,
    id: string,
    webhook: Webhook,
    notice: Notice,
    attempt: number,
  ): Promise<'sent' | FailedAttempt> {
    const { signal } = new AbortController();
    const { outcome, keep } = await this.tell(account, id, webhook, notice, attempt, signal);
    await keep();
    return outcome;
  }

  private async tell(
    account: string,
    id: string,
    webhook: Webhook,
    notice: Notice,
    attempt: number,
    signal: AbortSignal,
  ): Promise<{ outcome: 'sent' | FailedAttempt; keep: () => Promise<unknown> }> {
    const { send, signingKey, now, webhooks } = this.options;
    const format = this.formatOf(webhook.settings);
    let status: number | undefined;
    let outcome: 'sent' | FailedAttempt;
    try {
      const answer = await send(webhookRequest(webhook, notice, signingKey, now(), format), signal);
      ({ status } = answer);
      outcome = judged(answer, now());
    } catch (error) {
      if (signal.aborted) throw error;
      outcome = failureOf(error, now());
    }
    const entry: Attempt = {
      at: now(),
      event: notice.event,
      event_id: notice.id,
      ...(notice.recording && { recording_id: notice.recording.id }),
      attempt,
      result: outcome === 'sent' ? 'success' : 'failure',
      ...(status !== undefined && { status }),
      ...(outcome !== 'sent' && { error: outcome.error }),
    };
    const keep = () =>
      webhooks.changeLog(account, id, (logged) => ({
        given_up: outcome === 'sent' ? 0 : logged.given_up,
        attempts: [entry, ...logged.attempts],
      }));
    return { outcome, keep };
  }
}

/** With what the webhook itself adds. */
function withOwn({ custom_data }: WebhookSettings, notice: Notice): Notice {
  return custom_data === undefined ? notice : { ...notice, custom_data };
}
