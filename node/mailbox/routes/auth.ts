// Who asks, and whose inboxes these are.
import type { Hono } from 'hono';
import type { Organization } from '../inbox.ts';

export function authRoutes(app: Hono, organization: () => Promise<Organization>): void {
  app.get('/v0/auth/me', async (c) => {
    const { organizationId } = await organization();
    return c.json({ scope_type: 'organization', scope_id: organizationId, organization_id: organizationId });
  });
}
