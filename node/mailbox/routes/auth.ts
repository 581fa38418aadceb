// Who asks, and whose inboxes these are.
import type { Hono } from 'hono';
import { callerOf } from '../http/caller.ts';
import type { Organization } from '../inbox.ts';

export function authRoutes(app: Hono, organization: () => Promise<Organization>): void {
  app.get('/v0/auth/me', async (c) => {
    const { organizationId, podId } = await organization();
    const { inboxId, apiKeyId } = callerOf(c);
    const scope =
      inboxId === undefined
        ? { scope_type: 'organization', scope_id: organizationId }
        : { scope_type: 'inbox', scope_id: inboxId, pod_id: podId, inbox_id: inboxId };
    return c.json({ ...scope, organization_id: organizationId, api_key_id: apiKeyId });
  });
}
