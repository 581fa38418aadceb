// What an operator copies: how a receiver is subscribed from a shell, and how it tells that a delivery is genuine.
import { shellWord } from '../machine/shell-word.ts';
import type { SubscriptionView } from '../webhooks/subscription-view.ts';

/** The command that would make this subscription. `origin`: where the node is reached. */
export function subscribeCommand(
  { url, events, scope }: Pick<SubscriptionView, 'url' | 'events' | 'scope'>,
  origin: string,
): string {
  const body = shellWord(JSON.stringify({ url, events, scope }));
  return `curl -s ${shellWord(`${origin}/api/webhooks`)} \\
  -H "Authorization: Bearer $MESH_TOKEN" \\
  -H 'Content-Type: application/json' \\
  -d ${body}`;
}

/** The README's, over the body as it came. */
export const VERIFICATION = `import { verifyDelivery } from 'agent-email-mesh/verify';

// request.headers and the octets of the body, before they are parsed; secret: whsec_…
const event = await verifyDelivery(request.headers, body, secret);
console.log(event.type, event.agent.name);`;
