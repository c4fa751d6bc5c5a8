/** Tells webhooks what happened, keeps the log of it, and disables those that can be told nothing for long. */
import type { KeyObject } from 'node:crypto';
import type { Logger } from 'winston';
import type { WebhookSettings } from '../generated/webhook.js';
import type { Attempt, Webhook, WebhookLog } from '../store/webhooks.js';
import type { FailedAttempt, Shipment } from './attempts.js';
import { newNoticeId, type Notice } from './notice.js';
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
  changeLog(account: string, id: string, change: (log: WebhookLog) => WebhookLog): Promise<WebhookLog>;
}

export interface TellerOptions {
  webhooks: WebhooksPort;
  signingKey: KeyObject;
  formats: WebhookFormats;
  send: (outgoing: Outgoing, signal: AbortSignal) => Promise<Answer>;
  now: () => number;
  log: Logger;
}

export class Teller {
  constructor(private readonly options: TellerOptions) {}

  /** The webhooks that want to be told, each with what it is told and how often that is tried. */
  audience(notice: Notice): { id: string; uri: string; retries?: number; notice: Notice }[] {
    return this.options.webhooks
      .list(notice.account_id)
      .filter(([, { settings }]) => wants(settings, notice.event) && this.isTold(settings, notice))
      .map(
        ([
          id,
          {
            settings: { uri, retries, custom_data },
          },
        ]) => ({
          id,
          uri,
          ...(retries !== undefined && { retries }),
          notice: custom_data === undefined ? notice : { ...notice, custom_data },
        }),
      );
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
    const { custom_data } = webhook.settings;
    const notice: Notice = {
      event: 'webhook.test',
      id: newNoticeId(at),
      timestamp: new Date(at).toISOString(),
      account_id: account,
      ...(custom_data && { custom_data }),
    };
    const { outcome, keep } = await this.tell(account, id, webhook, notice, 1, new AbortController().signal);
    await keep();
    return outcome;
  }

  /** A notice was given up. */
  async gaveUp(account: string, id: string, last: Shipment['last']): Promise<void> {
    const { webhooks, log } = this.options;
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
    const disabled = await webhooks.change(account, id, (current) => ({
      ...current,
      settings: { ...current.settings, enabled: false },
      disable_reason,
    }));
    if (!disabled) return;
    log.warn('a webhook was disabled', { account, webhook: id, reason: disable_reason });
  }

  private formatOf({ format }: WebhookSettings): WebhookFormat | undefined {
    return format && this.options.formats[format];
  }

  private isTold(settings: WebhookSettings, notice: Notice): boolean {
    const format = this.formatOf(settings);
    return !format || format.body(notice) !== undefined;
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
