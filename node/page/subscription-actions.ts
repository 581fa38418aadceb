// What the page of a subscription does: each as the route of the API does it.
import { z } from 'zod';
import { pathSegment, validate } from '../http/input.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { posting } from './asker.ts';
import type { PageDoor } from './door.ts';
import { subscriptionPath } from './subscription-path.ts';

const replaying = z.object({ status: z.enum(['dead', 'held', 'all']) });

export function subscriptionActions(
  door: PageDoor,
  webhooks: Pick<Webhooks, 'deliveries' | 'get' | 'patch' | 'test'>,
): void {
  const path = '/page/subscriptions/:id';
  door.act(`${path}/replay`, {
    needs: (c) => posting('webhooks', pathSegment(c, 'id'), 'replay'),
    run: async (c, form) => {
      const id = pathSegment(c, 'id');
      const { status } = validate(replaying, { status: form.get('status') });
      const { matched } = await webhooks.deliveries.replay(id, { status, dryRun: false });
      const { pausedUntil } = (await webhooks.get(id)).deliveries;
      const replayed = pausedUntil === null ? 'replayed' : 'replayedLater';
      return { to: subscriptionPath(id), said: status === 'held' ? 'released' : replayed, count: matched };
    },
  });
  door.act(`${path}/deliveries/:deliveryId/retry`, {
    needs: (c) => posting('webhooks', pathSegment(c, 'id'), 'deliveries', pathSegment(c, 'deliveryId'), 'retry'),
    run: async (c) => {
      const [id, deliveryId] = [pathSegment(c, 'id'), pathSegment(c, 'deliveryId')];
      await webhooks.deliveries.retry(id, deliveryId);
      return { to: `${subscriptionPath(id)}/deliveries/${encodeURIComponent(deliveryId)}`, said: 'retried' };
    },
  });
  door.act(`${path}/test`, {
    needs: (c) => posting('webhooks', pathSegment(c, 'id'), 'test'),
    run: async (c) => {
      const id = pathSegment(c, 'id');
      const { success, status } = await webhooks.test(id);
      return { to: subscriptionPath(id), said: success ? 'tested' : 'testFailed', count: status };
    },
  });
  for (const [word, isEnabled] of [
    ['enable', true],
    ['disable', false],
  ] as const)
    door.act(`${path}/${word}`, {
      needs: (c) => ({ method: 'PATCH', path: posting('webhooks', pathSegment(c, 'id')).path }),
      run: async (c) => {
        const id = pathSegment(c, 'id');
        await webhooks.patch(id, { enabled: isEnabled });
        return { to: subscriptionPath(id), said: `${word}d` };
      },
    });
}
