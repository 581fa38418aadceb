// What only AgentMail's own service can do: its accounts, and signing in at other sites.
import type { AgentMailClient } from 'agentmail';

export const VENDOR_CALLS: Readonly<Record<string, (client: AgentMailClient) => PromiseLike<unknown>>> = {
  'agent.signUp': (client) => client.agent.signUp({ humanEmail: 'a@x.com', username: 'a' }),
  'agent.verify': (client) => client.agent.verify({ otpCode: '123456' }),
  'providers.list': (client) => client.providers.list(),
  'providers.search': (client) => client.providers.search({ q: 'mail' }),
  'providers.get': (client) => client.providers.get('one'),
  'providers.listAccounts': (client) => client.providers.listAccounts('one'),
  'providers.connect': (client) => client.providers.connect('one', { inboxId: 'a@x.com' }),
  'accounts.list': (client) => client.accounts.list(),
  'accounts.get': (client) => client.accounts.get('one'),
  'inboxes.authorize': (client) => client.inboxes.authorize('a@x.com', { authToken: 'x' }),
};
