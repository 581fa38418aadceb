// Which scope each route needs, and what a key of one agent may ask.
import { describe, expect, it } from 'vitest';
import type { AgentId } from '../../../../mesh/names.ts';
import { scopeOf, whyNotAllowed } from '../../../../node/http/gate/route-scopes.ts';
import type { Scope } from '../../../../node/keys/scopes.ts';

const key = (scope: Scope, agentId?: string) => ({
  ...{ id: 'k1', name: 'gateway', scopes: new Set([scope]) },
  agentId: agentId as AgentId | undefined,
});

describe('the scope of', () => {
  it.each<[string, string, Scope]>([
    ['GET', '/api/agents', 'read'],
    ['HEAD', '/api/agents/email-index', 'read'],
    ['GET', '/api/agents/email-index/history', 'read'],
    ['GET', '/api/hosts', 'read'],
    ['GET', '/metrics', 'read'],
    ['GET', '/api/log/verification', 'read'],
    ['GET', '/api/email/tools', 'read'],
    ['POST', '/api/email/validate', 'read'],
    ['POST', '/api/agents', 'agents:write'],
    ['DELETE', '/api/agents/a1/email/addresses/x', 'agents:write'],
    ['GET', '/api/webhooks', 'webhooks'],
    ['POST', '/api/webhooks/w1/replay', 'webhooks'],
    ['GET', '/api/changes', 'webhooks'],
    ['POST', '/api/email/send', 'send'],
    ['GET', '/api/email/log', 'send'],
    ['GET', '/api/keys', 'admin'],
    ['DELETE', '/api/keys/k1', 'admin'],
    ['GET', '/api/conflicts', 'admin'],
    ['POST', '/api/conflicts/a%40x.com', 'admin'],
    ['POST', '/api/hosts/recover', 'admin'],
    ['POST', '/api/agentsandmore', 'admin'],
    ['POST', '/nowhere', 'admin'],
  ])('%s %s is %s', (method, path, scope) => {
    expect(scopeOf(method, path)).toBe(scope);
    expect(whyNotAllowed(key(scope), { method, path })).toBeUndefined();
    expect(whyNotAllowed(key('admin'), { method, path })).toBeUndefined();
    expect(whyNotAllowed(key('mailbox'), { method, path })).toBe(
      `${method} ${path} needs a key of scope '${scope}'; the key 'gateway' has 'mailbox'.`,
    );
  });
});

describe('a key of agent a/1', () => {
  it.each<[Scope, string, string, boolean]>([
    ['read', 'GET', '/api/agents/a2', true],
    ['agents:write', 'PATCH', '/api/agents/a%2F1', true],
    ['agents:write', 'POST', '/api/agents/a%2f1/email/addresses', true],
    ['agents:write', 'PATCH', '/api/agents/a2', false],
    ['agents:write', 'PATCH', '/api/agents/a/1', false],
    ['agents:write', 'PATCH', '/api/agents/%', false],
    ['agents:write', 'POST', '/api/agents', false],
    ['send', 'POST', '/api/email/send', true],
    ['send', 'GET', '/api/email/status/m1', true],
    ['send', 'POST', '/api/email/m1/cancel', true],
    ['send', 'GET', '/api/email/suppressions', false],
    ['send', 'POST', '/api/email/bounces', false],
    ['send', 'GET', '/api/email/providers', false],
  ])('of scope %s: %s %s → %s', (scope, method, path, may) => {
    expect(whyNotAllowed(key(scope, 'a/1'), { method, path }) === undefined).toBe(may);
  });
});
