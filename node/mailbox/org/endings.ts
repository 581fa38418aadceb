// What ends with an inbox, a pod or a key.
import type { EventSockets } from '../events/event-sockets.ts';
import type { InboxesParts } from './inboxes.ts';
import type { MailWebhooks } from './mail-webhooks.ts';
import type { PodsParts } from './pods.ts';

interface EndingsParts {
  readonly webhooks: MailWebhooks;
  /** Made later. */
  readonly sockets: () => Pick<EventSockets, 'endOf' | 'endWithin'>;
  /** Made later. */
  readonly outbox: () => { cancel(inboxId: string): Promise<void> };
  readonly sending: { forgetFrom(address: string): Promise<void> };
}

/** Ways to end webhooks and what was sent with what they are of, and the sockets of keys with these. */
export function endingsOf({ webhooks, sockets, outbox, sending }: EndingsParts) {
  const ofPods: PodsParts['webhooks'] = {
    podIds: () => webhooks.podIds(),
    endWithPod: async (podId) => {
      sockets().endWithin({ podId });
      await webhooks.endWithPod(podId);
    },
  };
  const ofInboxes: Pick<InboxesParts, 'endWebhooks' | 'cancelSends' | 'forgetSent'> = {
    endWebhooks: async (inboxId) => {
      sockets().endWithin({ inboxId });
      await webhooks.endWith(inboxId);
    },
    cancelSends: (inboxId) => outbox().cancel(inboxId),
    forgetSent: (inboxId) => sending.forgetFrom(inboxId),
  };
  return { ofPods, ofInboxes, changedKey: (keyId: string, isGone: boolean) => sockets().endOf(keyId, isGone) };
}
