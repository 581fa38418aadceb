// AgentMail's own client, unchanged, on the sockets of real nodes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentMail, AgentMailClient } from 'agentmail';
import { describe, expect, it } from 'vitest';
import { type HostProcess, ProcessMesh } from '../../scripts/host-process.ts';
import { Client } from '../support/live.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const FLAGS = ['--mailbox', '--mailbox-domain', 'agents.example.com'];

const sdk = (host: HostProcess) => {
  const apiKey = readFileSync(join(host.dataDirectory, 'mailbox', 'org-key'), 'utf8').trim();
  return new AgentMailClient({ apiKey, baseUrl: host.url });
};

/** The status and code of what a call is refused with. */
const refusal = (call: PromiseLike<unknown>) =>
  Promise.resolve(call).then(
    () => 'nothing was refused',
    (error: { statusCode?: number; body?: { code?: string } }) => [error.statusCode, error.body?.code],
  );

describe('the client of AgentMail', () => {
  it(
    'makes, finds, changes and deletes inboxes, whose addresses are one owner’s in the mesh',
    async () => {
      await using mesh = await ProcessMesh.create(
        ['mac', 'cloud', 'mini'].map((id) => ({ id })),
        { flags: FLAGS },
      );
      await using asking = new Client();
      await mesh.start();
      const [mac, cloud] = [mesh.host('mac'), mesh.host('cloud')];
      const [onMac, onCloud] = [sdk(mac), sdk(cloud)];

      const me = await onMac.auth.me();
      expect(me).toMatchObject({ scopeType: 'organization', scopeId: me.organizationId });

      const drawn = await onMac.inboxes.create();
      expect(drawn.inboxId).toMatch(/^agent-[a-z2-7]{8}@agents\.example\.com$/);
      const index = await asking.expect(mac, 'GET', `/api/agents/email-index?address=${drawn.inboxId}`);
      expect(index.body).toHaveProperty([drawn.inboxId, 'hostId'], 'mac');

      const wish = { username: 'idempotent', clientId: 'user-123-inbox-primary' };
      const first = await onMac.inboxes.create(wish);
      expect(await onMac.inboxes.create(wish)).toEqual(first);

      expect(await refusal(onMac.inboxes.create({ username: 'idempotent' }))).toEqual([403, 'resource_taken']);
      expect(await refusal(onCloud.inboxes.create({ username: 'idempotent' }))).toEqual([403, 'resource_taken']);
      expect((await onCloud.inboxes.list()).count).toBe(0);
      expect((await asking.expect(cloud, 'GET', '/api/agents')).body.agents).toEqual([]);

      expect((await onMac.inboxes.list()).inboxes.map(({ inboxId }) => inboxId)).toEqual([
        first.inboxId,
        drawn.inboxId,
      ]);
      expect((await onMac.inboxes.get(first.inboxId)).clientId).toBe(wish.clientId);
      expect((await onMac.inboxes.search({ q: 'idem' })).inboxes).toHaveLength(1);
      const changed = await onMac.inboxes.update(first.inboxId, { metadata: { plan: 'free', seats: 3 } });
      expect(changed.metadata).toEqual({ plan: 'free', seats: 3 });
      expect((await onMac.inboxes.update(first.inboxId, { metadata: null })).metadata).toBeUndefined();

      // What cloud has heard of mac's addresses comes by the feed.
      const heard = `/api/agents/email-index?address=${drawn.inboxId}&federated=true&mode=index`;
      while ((await asking.expect(cloud, 'GET', heard)).body.emails[drawn.inboxId] === undefined);
      const elsewhere = await onCloud.inboxes.get(drawn.inboxId).catch((error) => error);
      expect(elsewhere).toMatchObject({
        statusCode: 421,
        body: { code: 'misdirected', fix: `use baseUrl ${mac.url}`, host_id: 'mac', host_url: mac.url },
      });

      await onMac.inboxes.delete(first.inboxId);
      await expect(onMac.inboxes.get(first.inboxId)).rejects.toThrow(AgentMail.NotFoundError);
      expect((await onCloud.inboxes.create({ username: 'idempotent' })).inboxId).toBe(first.inboxId);
    },
    LIVE_MS_MAX,
  );
});
