// What ends with an inbox, a pod or a key.
import type { EventSockets } from '../events/event-sockets.ts';
import type { MailWebhooks } from './mail-webhooks.ts';
import type { PodsParts } from './pods.ts';

/** Ways to end webhooks with what they are of, and the sockets of keys with these. `sockets`: which are made later. */
export function endingsOf(webhooks: MailWebhooks, sockets: () => Pick<EventSockets, 'endOf' | 'endWithin'>) {
  const ofPods: PodsParts['webhooks'] = {
    podIds: () => webhooks.podIds(),
    endWithPod: async (podId) => {
      sockets().endWithin({ podId });
      await webhooks.endWithPod(podId);
    },
  };
  return {
    ofPods,
    endWebhooks: async (inboxId: string) => {
      sockets().endWithin({ inboxId });
      await webhooks.endWith(inboxId);
    },
    changedKey: (keyId: string, isGone: boolean) => sockets().endOf(keyId, isGone),
  };
}
