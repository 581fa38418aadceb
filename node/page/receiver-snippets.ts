// What an operator copies: how a receiver is subscribed from a shell, and how it tells that a delivery is genuine.
import type { SubscriptionView } from '../webhooks/subscription-view.ts';

/** The command that would make this subscription. `origin`: where the node is reached. */
export function subscribeCommand(
  { url, events, scope }: Pick<SubscriptionView, 'url' | 'events' | 'scope'>,
  origin: string,
): string {
  const body = quoted(JSON.stringify({ url, events, scope }));
  return `curl -s ${quoted(`${origin}/api/webhooks`)} \\
  -H "Authorization: Bearer $MESH_TOKEN" \\
  -H 'Content-Type: application/json' \\
  -d ${body}`;
}

/** The README's, over the body as it came. */
export const VERIFICATION = `import { verifyDelivery } from 'agent-email-mesh/verify';

// request.headers and the octets of the body, before they are parsed; secret: whsec_…
const event = await verifyDelivery(request.headers, body, secret);
console.log(event.type, event.agent.name);`;

/** For a POSIX shell: nothing within single quotes means anything but itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
