// What tests of real nodes ask about feeds: who follows whom, and what a host's log tells.
import type { ToldEvent } from '../../scripts/chaos/change-history.ts';
import { until } from '../../scripts/chaos/claimants.ts';
import type { HostProcess } from '../../scripts/host-process.ts';
import type { Receiver } from '../../scripts/receiver.ts';
import type { Client } from './live.ts';

/** Of the gateways that listen. */
export const GATEWAY_SECRET = 'a-secret-of-a-gateway-that-listens';
const AGENT_EVENTS = ['agent.created', 'agent.updated', 'agent.deleted', 'agent.email.changed'];

/** Has a gateway told of every change of an agent; resolves with the subscription's id. */
export async function subscribe(client: Client, host: HostProcess, gateway: Receiver): Promise<string> {
  const subscription = { url: gateway.url, secret: GATEWAY_SECRET, events: AGENT_EVENTS };
  return (await client.expect(host, 'POST', '/api/webhooks', subscription)).body.id as string;
}

interface FeedView {
  readonly state: string;
  readonly why?: string;
}

/** How a host follows another; `undefined` while it does not. */
export async function feedOf(client: Client, host: HostProcess, peer: string): Promise<FeedView | undefined> {
  const answer = await client.ask(host, 'GET', '/api/hosts');
  const hosts = (answer?.body.hosts ?? []) as readonly { readonly id: string; readonly feed?: FeedView }[];
  return hosts.find(({ id }) => id === peer)?.feed;
}

/** Resolves when each of these hosts follows each other. */
export async function untilFollowed(client: Client, hosts: readonly HostProcess[]): Promise<void> {
  await until(async () => {
    const pairs = hosts.flatMap((host) => hosts.filter((peer) => peer !== host).map((peer) => ({ host, peer })));
    const feeds = await Promise.all(pairs.map(({ host, peer }) => feedOf(client, host, peer.id)));
    return feeds.every((feed) => feed?.state === 'following');
  }, 'every host follows the others');
}

/** One answer of GET /api/changes in lines: the changes, and the cursor behind them. */
async function changeLines(host: HostProcess, query: string) {
  const answer = await fetch(`${host.url}/api/changes?${query}`, { headers: { accept: 'application/x-ndjson' } });
  const text = await answer.text();
  const changes = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as ToldEvent]));
  return { changes, cursor: answer.headers.get('mesh-cursor') };
}

/** The end of a host's log. */
export async function cursorOf(host: HostProcess): Promise<string> {
  return String((await changeLines(host, 'waitMs=0')).cursor);
}

/** What a host's own log tells since then. */
export async function ownChanges(host: HostProcess, since: string): Promise<readonly ToldEvent[]> {
  const told: ToldEvent[] = [];
  for (let cursor = since; ; ) {
    const next = await changeLines(host, `scope=host&waitMs=0&since=${cursor}`);
    told.push(...next.changes);
    if (next.changes.length === 0) return told;
    cursor = String(next.cursor);
  }
}
