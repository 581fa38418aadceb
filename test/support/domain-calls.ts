// What a client asks of domains that somebody brings, of the organization and of a pod.
import { serialization } from 'agentmail';
import type { AnswerSchema, MailboxWorld, Method } from './mailbox-calls.ts';

const { Domain, ListDomainsResponse, GetSetupLinkResponse } = serialization;

/** A zone file (RFC 1035 §5). */
const ZONE_FILE: AnswerSchema = {
  parse: (raw) =>
    typeof raw === 'string' && raw.includes('$ORIGIN ')
      ? { ok: true }
      : { ok: false, errors: [{ path: [], message: 'is no zone file' }] },
};

let made = 0;

/** The name of one that nobody has brought. */
const newName = () => {
  made += 1;
  return `new-${made}.example.net`;
};
const newDomain = async ({ aside }: MailboxWorld) => (await aside.domains.create({ domain: newName() })).domainId;
const newPodDomain = async ({ aside, podId }: MailboxWorld) =>
  (await aside.pods.domains.create(podId, { domain: newName() })).domainId;

const OF_ORGANIZATION: Readonly<Record<string, Method>> = {
  'domains.list': {
    schema: ListDomainsResponse,
    call: ({ client }) => client.domains.list({ limit: 1, ascending: true }),
  },
  'domains.get': { schema: Domain, call: ({ client, domainId }) => client.domains.get(domainId) },
  'domains.getZoneFile': { schema: ZONE_FILE, call: ({ client, domainId }) => client.domains.getZoneFile(domainId) },
  'domains.create': {
    schema: Domain,
    call: ({ client }) => client.domains.create({ domain: newName(), subdomainsEnabled: true }),
  },
  'domains.update': {
    schema: Domain,
    call: ({ client, domainId }) => client.domains.update(domainId, { feedbackEnabled: false }),
  },
  'domains.verify': {
    call: async (world) => world.client.domains.verify(world.domainId === NOWHERE ? NOWHERE : await newDomain(world)),
  },
  'domains.getSetupLink': {
    schema: GetSetupLinkResponse,
    call: ({ client, domainId }) => client.domains.getSetupLink(domainId),
  },
  'domains.delete': { call: async (world) => world.client.domains.delete(await newDomain(world)) },
};

const OF_POD: Readonly<Record<string, Method>> = {
  'pods.domains.list': { schema: ListDomainsResponse, call: ({ client, podId }) => client.pods.domains.list(podId) },
  'pods.domains.get': {
    schema: Domain,
    call: ({ client, podId, podDomainId }) => client.pods.domains.get(podId, podDomainId),
  },
  'pods.domains.getZoneFile': {
    schema: ZONE_FILE,
    call: ({ client, podId, podDomainId }) => client.pods.domains.getZoneFile(podId, podDomainId),
  },
  'pods.domains.create': {
    schema: Domain,
    call: ({ client, podId }) => client.pods.domains.create(podId, { domain: newName() }),
  },
  'pods.domains.update': {
    schema: Domain,
    call: ({ client, podId, podDomainId }) =>
      client.pods.domains.update(podId, podDomainId, { subdomainsEnabled: true }),
  },
  'pods.domains.verify': {
    call: async (world) => {
      const { client, podId, podDomainId } = world;
      await client.pods.domains.verify(podId, podDomainId === NOWHERE ? NOWHERE : await newPodDomain(world));
    },
  },
  'pods.domains.delete': {
    call: async (world) => world.client.pods.domains.delete(world.podId, await newPodDomain(world)),
  },
};

/** The domain that nobody has, in place of one that could be looked up once in a while alone. */
export const NOWHERE = 'never.example.net';

export const OF_DOMAINS: Readonly<Record<string, Method>> = { ...OF_ORGANIZATION, ...OF_POD };
