// Who asks, and whose inboxes these are.
import { callerOf } from '../http/caller.ts';
import type { Routes } from '../http/routes.ts';
import type { Organization } from '../inbox.ts';
import { levelOf } from '../scope.ts';

export function authRoutes(routes: Routes, organization: () => Promise<Organization>): void {
  routes.add('GET', '/v0/auth/me', 'any_key', async (c) => {
    const { organizationId } = await organization();
    const { podId, inboxId, apiKeyId } = callerOf(c);
    const scope = { scope_type: levelOf({ podId, inboxId }), scope_id: inboxId ?? podId ?? organizationId };
    const ids = { organization_id: organizationId, pod_id: podId, inbox_id: inboxId, api_key_id: apiKeyId };
    return c.json({ ...scope, ...ids });
  });

  // What each route takes of a key, for whoever gives keys their permissions.
  routes.add('GET', '/api/mailbox/routes', 'any_key', (c) =>
    c.json({ routes: routes.declared.map(({ method, path, need }) => ({ method, path, needs: [need].flat() })) }),
  );
}
