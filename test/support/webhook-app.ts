// The webhooks' routes over a simulated world, and a client of them.
import { webhookRoutes } from '../../node/http/routes/webhooks.ts';
import { createShell } from '../../node/http/shell.ts';
import { WebhookWorld } from './webhook-world.ts';

/** What these routes answer, as far as tests read single members of it. */
interface Answered {
  readonly [member: string]: unknown;
  readonly id: string;
  readonly secret: string;
  readonly webhook: { readonly id: string };
  readonly nextCursor: string;
}

export async function openWebhookApp() {
  const world = new WebhookWorld();
  const app = createShell(world.log);
  webhookRoutes(app, await world.open());
  const send = async (method: string, path: string, json?: unknown) => {
    const body = { body: JSON.stringify(json), headers: { 'Content-Type': 'application/json' } };
    const response = await app.request(path, { method, ...(json === undefined ? {} : body) });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Answered };
  };
  return { world, send };
}
