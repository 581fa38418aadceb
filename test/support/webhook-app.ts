// The webhooks' routes over a simulated world, and a client of them.
import { webhookRoutes } from '../../node/http/routes/webhooks.ts';
import { createShell } from '../../node/http/shell.ts';
import { WebhookWorld } from './webhook-world.ts';

export async function openWebhookApp() {
  const world = new WebhookWorld();
  const app = createShell(world.log);
  webhookRoutes(app, await world.open());
  const send = async (method: string, path: string, json?: unknown) => {
    const body = { body: JSON.stringify(json), headers: { 'Content-Type': 'application/json' } };
    const response = await app.request(path, { method, ...(json === undefined ? {} : body) });
    // biome-ignore lint/suspicious/noExplicitAny: an answer's body is what the test is about
    return { status: response.status, headers: response.headers, body: (await response.json()) as any };
  };
  return { world, send };
}
