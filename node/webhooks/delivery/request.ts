// One attempt as the sender makes it: where to, with which headers, which bytes.

import { MeshError } from '../../../mesh/errors.ts';
import type { ChangeEntry } from '../../changes/change-log.ts';
import { payloadOf, type Told } from '../../changes/payload.ts';
import type { Erased, Outcome } from '../schedule/outcome.ts';
import { liveSecrets } from '../secrets.ts';
import type { Post } from '../sender/sender.ts';
import type { Subscription } from '../webhook-records.ts';
import { type PreparedKeys, signedHeaders } from './signature.ts';

/** The payload of an inbox's event, the same octets at each call; `undefined`: it is erased. Rejects with `overloaded` when nobody can say. */
export type MailPayload = (eventId: string) => Promise<string | undefined>;

type Asked = Pick<Subscription, 'id' | 'url' | 'headers' | 'secret' | 'formerSecrets' | 'format'>;

interface Making {
  readonly nowMs: number;
  readonly attempt: number;
  readonly keys: PreparedKeys;
}

/** The request of one attempt, or what the attempt comes to without one. */
export async function requestOf(
  subscription: Asked,
  entry: ChangeEntry,
  { mailPayload = noMailbox, ...making }: Making & { readonly mailPayload: MailPayload | undefined },
): Promise<Post | Outcome | Erased> {
  const about = 'message' in entry ? entry.message : 'domain' in entry ? entry.domain : undefined;
  if (subscription.format === undefined || about === undefined) return postOf(subscription, entry, making);
  try {
    const payload = await mailPayload(about.event_id);
    if (payload === undefined) return { kind: 'erased' };
    return postOf(subscription, entry, making, Buffer.from(payload));
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    return { kind: 'failed', error: 'mailbox_unavailable', message: error.message, tookMs: 0 };
  }
}

/** Stands where a mailbox would say the payloads. Rejects with `overloaded`. */
export async function noMailbox(): Promise<never> {
  throw new MeshError('overloaded', 'This node keeps no mailbox now.');
}

/** The request of one attempt. `nowMs`: wall clock. `attempt`: 1 for the first. */
export function postOf(
  subscription: Asked,
  told: Told,
  { nowMs, attempt, keys }: Making,
  body = payloadOf(told),
): Post {
  const { id: subscriptionId, url, headers, format } = subscription;
  const secrets = liveSecrets(subscription, nowMs);
  const timestampSeconds = Math.floor(nowMs / 1_000);
  return {
    url,
    headers: {
      ...headers,
      ...signedHeaders({ secrets, subscriptionId, told, body, timestampSeconds, attempt, format }, keys),
    },
    body,
  };
}
