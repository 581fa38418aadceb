// One attempt as the sender makes it: where to, with which headers, which bytes.

import { payloadOf, type Told } from '../../changes/payload.ts';
import { liveSecrets } from '../secrets.ts';
import type { Post } from '../sender/sender.ts';
import type { Subscription } from '../webhook-records.ts';
import { type PreparedKeys, signedHeaders } from './signature.ts';

/** The request of one attempt. `nowMs`: wall clock. `attempt`: 1 for the first. */
export function postOf(
  subscription: Pick<Subscription, 'id' | 'url' | 'headers' | 'secret' | 'formerSecrets'>,
  told: Told,
  { nowMs, attempt, keys }: { readonly nowMs: number; readonly attempt: number; readonly keys: PreparedKeys },
): Post {
  const { id: subscriptionId, url, headers } = subscription;
  const body = payloadOf(told);
  const secrets = liveSecrets(subscription, nowMs);
  const timestampSeconds = Math.floor(nowMs / 1_000);
  return {
    url,
    headers: { ...headers, ...signedHeaders({ secrets, subscriptionId, told, body, timestampSeconds, attempt }, keys) },
    body,
  };
}
