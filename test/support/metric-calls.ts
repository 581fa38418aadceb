// What a client asks of what was counted.
import { serialization } from 'agentmail';
import type { Method } from './mailbox-calls.ts';

export const OF_METRICS: Readonly<Record<string, Method>> = {
  'metrics.queryEvents': {
    schema: serialization.QueryMetricsResponse,
    call: ({ client }) =>
      client.metrics.queryEvents({ period: 3_600, eventTypes: ['message.received', 'message.sent'] }),
  },
  'metrics.queryUsage': {
    schema: serialization.QueryUsageResponse,
    call: ({ client }) => client.metrics.queryUsage({ period: 3_600, descending: true }),
  },
  'inboxes.metrics.queryEvents': {
    schema: serialization.QueryMetricsResponse,
    call: ({ client, inboxId }) => client.inboxes.metrics.queryEvents(inboxId),
  },
  'inboxes.metrics.queryUsage': {
    schema: serialization.QueryUsageResponse,
    call: ({ client, inboxId }) => client.inboxes.metrics.queryUsage(inboxId, { usageTypes: ['storage_bytes'] }),
  },
  'pods.metrics.queryEvents': {
    schema: serialization.QueryMetricsResponse,
    call: ({ client, podId }) => client.pods.metrics.queryEvents(podId),
  },
  'pods.metrics.queryUsage': {
    schema: serialization.QueryUsageResponse,
    call: ({ client, podId }) => client.pods.metrics.queryUsage(podId),
  },
  'organizations.get': {
    schema: serialization.Organization,
    call: ({ client }) => client.organizations.get(),
  },
};
