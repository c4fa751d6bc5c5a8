/** The systems that word and sign what webhooks are told in their own way, by what a webhook's `format` calls them. */
import type { WebhookFormats } from '../delivery/webhook.js';
import { birdWebhooks } from './bird/webhooks.js';
import type { Links } from './links.js';
import { telnyxWebhooks } from './telnyx/webhooks.js';

export function webhookFormats(links: Links): WebhookFormats {
  return { telnyx: telnyxWebhooks(links), bird: birdWebhooks(links) };
}
