// Pods: made, listed, shown, deleted.
import type { Context } from 'hono';
import { z } from 'zod';
import { noSuch } from '../errors.ts';
import { callerOf, refuseScopedKey } from '../http/caller.ts';
import { PAGE_PARAMETERS, readForm, readParameters } from '../http/input.ts';
import { pageBody, placeOf } from '../http/page-token.ts';
import type { Routes } from '../http/routes.ts';
import { timeText } from '../mail-bodies.ts';
import type { Pods } from '../org/pods.ts';
import type { Pod } from '../pod.ts';
import { levelOf, type Scope } from '../scope.ts';

const FORM_BYTES_MAX = 16 * 1_024;

const creation = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'must have no control characters')
    .optional(),
  client_id: z
    .string()
    .regex(/^[A-Za-z0-9\-._~]{1,256}$/, 'must be 1 to 256 of A-Z, a-z, 0-9, -, ., _ and ~')
    .optional(),
});
const listParameters = z.strictObject(PAGE_PARAMETERS);

export function podRoutes(routes: Routes, { pods }: { readonly pods: Pods }): void {
  const podBody = (pod: Pod) => ({
    ...{ pod_id: pod.podId, name: pod.name, client_id: pod.clientId, domain: pods.domainOf(pod) },
    ...{ updated_at: timeText(pod.updatedAtMs), created_at: timeText(pod.createdAtMs) },
  });
  const existing = async ({ podId = '' }: Scope): Promise<Pod> => {
    const pod = await pods.find(podId);
    if (pod === undefined) throw noSuch('pod');
    return pod;
  };

  routes.below(['organization'], '/pods', (at) => {
    at.add('GET', '', 'pod_read', async (c, { podId }) => {
      const { limit, page_token, ascending } = readParameters(c, listParameters);
      const asked = ['pods', podId ?? null, ascending];
      const place = placeOf(page_token, asked);
      const listed = seesPods(c) ? await pods.list({ podId, limit, isAscending: ascending, place }) : { items: [] };
      return c.json({ ...pageBody(limit, listed, asked), pods: listed.items.map(podBody) });
    });

    at.add('POST', '', 'pod_create', async (c) => {
      refuseScopedKey(c, 'A new pod');
      const { name, client_id: clientId } = await readForm(c, creation, FORM_BYTES_MAX);
      return c.json(podBody(await pods.create({ name, clientId })));
    });

    at.add('GET', '/:pod_id', 'pod_read', async (c, scope) => c.json(podBody(await existing(scope))));

    at.add('DELETE', '/:pod_id', 'pod_delete', async (c, scope) => {
      refuseScopedKey(c, 'The end of a pod');
      await pods.remove(await existing(scope));
      return c.body(null, 204);
    });
  });
}

/** The pod of an inbox is above its key. */
function seesPods(c: Context): boolean {
  return levelOf(callerOf(c)) !== 'inbox';
}
