import { expect, it } from 'vitest';
import { MailWebhooks } from '../../../../node/mailbox/org/mail-webhooks.ts';
import { changedSubscription, newSubscription } from '../../../../node/webhooks/subscription.ts';
import type { Webhooks } from '../../../../node/webhooks/webhooks.ts';

/** One webhook, whose changes are made one after the other, each a turn after it was asked for. */
function webhooksOfOne(inboxIds: readonly string[]) {
  const made = { id: 'w', events: [], secret: 'whsec_x', head: 0, nowMs: 0 };
  let subscription = newSubscription({ url: 'http://x.com/', events: [], format: 'agentmail', inboxIds }, made);
  const patch: Webhooks['patch'] = async (_, change) => {
    await Promise.resolve();
    subscription = changedSubscription(subscription, change, { events: undefined, head: 0, oldestSeq: 0, nowMs: 0 });
    return undefined as never;
  };
  const webhooks = { patch, subscriptions: () => [subscription], subscribe: patch as never, remove: patch as never };
  return new MailWebhooks(webhooks, async () => 'default');
}

it('a webhook to which several add an inbox at once names them all', async () => {
  const webhooks = webhooksOfOne(['a']);
  const meant = { scope: {}, id: 'w' };
  const none = { added: [], removed: [] };
  const add = (inboxId: string) =>
    webhooks.change(meant, { events: [], inboxIds: { added: [inboxId], removed: [] }, podIds: none });
  const refused = webhooks.change({ scope: {}, id: 'other' }, { events: [], inboxIds: none, podIds: none });
  await Promise.all(['b', 'c', 'd'].map(add));
  await expect(refused).rejects.toThrow('webhook');
  expect((await webhooks.get(meant)).epochs.at(-1)?.inboxIds).toEqual(['a', 'b', 'c', 'd']);
});
