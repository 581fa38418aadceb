// What requests about webhooks look like, and how a webhook is shown.
import { z } from 'zod';
import { customHeaders, customHeadersChange } from '../webhooks/custom-headers.ts';
import { DELIVERY_STATUSES } from '../webhooks/delivery/delivery-view.ts';
import { isVerifiable } from '../webhooks/delivery/signature.ts';
import { GRACE_SECONDS, GRACE_SECONDS_MAX } from '../webhooks/secrets.ts';
import type { SubscriptionView } from '../webhooks/subscription-view.ts';
import { wholeNumber } from './query.ts';

/** What a subscription says, as sent. */
const URL_CHARACTERS_MAX = 2_048;
const DESCRIPTION_CHARACTERS_MAX = 500;
/** Members of `events` as sent, repeats among them. */
const EVENTS_MAX = 32;
/** The specification's example has 22 characters; Standard Webhooks' longest key is 64 octets, 92 characters of `whsec_…`. */
const SECRET_CHARACTERS_MIN = 16;
const SECRET_CHARACTERS_MAX = 256;
/** `ratePerSecond`: attempts that a subscription may ask to have at most. */
const RATE_PER_SECOND_MAX = 1_000;

const wellFormed = z
  .string()
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode, without lone surrogates');
const url = wellFormed.max(URL_CHARACTERS_MAX);
const events = z.array(z.string()).min(1).max(EVENTS_MAX);
const description = wellFormed.max(DESCRIPTION_CHARACTERS_MAX);
const scope = z.enum(['mesh', 'host']);
const ratePerSecond = z.int().min(1).max(RATE_PER_SECOND_MAX);
const secretForm = `must be ${SECRET_CHARACTERS_MIN} to ${SECRET_CHARACTERS_MAX} printable ASCII characters`;
const verifiableForm =
  'must go on in base64 (A-Z, a-z, 0-9, + and /) after whsec_, as receivers decode it; a text that is none must not begin with whsec_';
const secret = z
  .string()
  .min(SECRET_CHARACTERS_MIN, secretForm)
  .max(SECRET_CHARACTERS_MAX, secretForm)
  .regex(/^[\x20-\x7e]*$/, secretForm)
  .refine(isVerifiable, verifiableForm);

/** The body of `POST /api/webhooks`. The URL and the names of events are judged where the subscription is made. */
export const newWebhook = z.strictObject({
  url,
  events,
  secret: secret.optional(),
  description: description.optional(),
  scope: scope.optional(),
  headers: customHeaders.optional(),
  ratePerSecond: ratePerSecond.optional(),
});

/** The body of a `PATCH`: absent members stay, `null` takes one away where it may be absent. */
export const webhookChange = z.strictObject({
  url: url.optional(),
  events: events.optional(),
  description: description.nullable().optional(),
  scope: scope.optional(),
  headers: customHeadersChange.nullable().optional(),
  ratePerSecond: ratePerSecond.nullable().optional(),
  /** A new secret, as by a rotation with the grace that one has by default. */
  secret: secret.optional(),
  enabled: z.boolean().optional(),
});

export const rotation = z.strictObject({
  secret: secret.optional(),
  graceSeconds: z.int().min(0).max(GRACE_SECONDS_MAX).default(GRACE_SECONDS),
});

const moment = z.iso
  .datetime({ offset: true, error: 'must be a moment such as 2026-01-27T12:00:00Z' })
  .transform((text) => Date.parse(text));

/** The body of `POST …/replay`. A span goes with `dead` and `all` alone. */
export const replaying = z
  .strictObject({
    status: z.enum(['dead', 'held', 'all']),
    since: moment.optional(),
    until: moment.optional(),
    dryRun: z.boolean().default(false),
  })
  .refine(({ since = 0, until = Number.POSITIVE_INFINITY }) => since <= until, {
    path: ['until'],
    error: "must not lie before 'since'",
  });

/** `cursor`: the `nextCursor` of the page before. */
export const deliveryQuery = z.object({
  status: z.enum(DELIVERY_STATUSES).optional(),
  cursor: wholeNumber({ max: Number.MAX_SAFE_INTEGER }).default(0),
});

/** Flat, as the specification has it, and under `webhook`: existing clients read one or the other. */
export function webhookForm({ webhook, ...made }: { readonly webhook: SubscriptionView; readonly secret?: string }) {
  return { ...webhook, webhook, ...made };
}
