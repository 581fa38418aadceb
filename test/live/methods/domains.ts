// Domains that somebody brings, of the organization and of a pod.
import type { AgentMailClient } from 'agentmail';
import { expect } from 'vitest';
import type { MailboxWorld } from '../../support/mailbox-calls.ts';
import { answers, atScopes, gone, isDone, newWord, type Place, type Rows } from '../../support/method-rows.ts';

type Domains = Pick<
  AgentMailClient['domains'],
  'list' | 'get' | 'getZoneFile' | 'create' | 'update' | 'verify' | 'delete'
>;

const newName = () => `${newWord()}.example.net`;

const rowsOf = ({ of }: Place<Domains>): Rows => {
  const newDomain = (world: MailboxWorld) => of(world.aside, world).create({ domain: newName() });
  return {
    list: answers('one that was brought is in the list', async (world) => {
      const { domainId } = await newDomain(world);
      const { domains } = await of(world.client, world).list({ limit: 100 });
      expect(domains.map((one) => one.domainId)).toContain(domainId);
    }),
    get: answers('what is to be published, and that nothing was looked up yet', async (world) => {
      const made = await newDomain(world);
      const got = await of(world.client, world).get(made.domainId);
      expect(got).toEqual(made);
      expect(got).toMatchObject({ domain: made.domainId, status: 'NOT_STARTED' });
      expect(got.records.map(({ type }) => type)).toEqual(['MX', 'TXT', 'TXT', 'TXT']);
    }),
    getZoneFile: answers('a zone of that name, with the key of that domain', async (world) => {
      const { domainId, records } = await newDomain(world);
      const answer = await of(world.client, world).getZoneFile(domainId);
      const zone = Buffer.from(await answer.arrayBuffer()).toString();
      expect(zone).toContain(`$ORIGIN ${domainId}.`);
      const key = records.find(({ name }) => name.includes('._domainkey.'))?.value ?? expect.fail('no key');
      expect(zone.replaceAll(/"\s*"/g, '')).toContain(key);
    }),
    create: answers('it has what was asked for, and one record more for its subdomains', async (world) => {
      const domain = newName();
      const made = await of(world.client, world).create({ domain, subdomainsEnabled: true });
      expect(made).toMatchObject({ domain, domainId: domain, subdomainsEnabled: true, feedbackEnabled: true });
      expect(made.records.map(({ name }) => name)).toContain(`*.${domain}`);
    }),
    update: answers('the flag that is set is read', async (world) => {
      const { domainId } = await newDomain(world);
      const changed = await of(world.client, world).update(domainId, { feedbackEnabled: false });
      expect(changed.feedbackEnabled).toBe(false);
      expect(await of(world.aside, world).get(domainId)).toEqual(changed);
    }),
    verify: isDone('it was looked up, and nothing was there', async (world) => {
      const { domainId } = await newDomain(world);
      await of(world.client, world).verify(domainId);
      const { status, records } = await of(world.aside, world).get(domainId);
      expect(status).not.toBe('NOT_STARTED');
      expect(new Set(records.map((record) => record.status))).toEqual(new Set(['MISSING']));
    }),
    delete: isDone('it is gone', async (world) => {
      const { domainId } = await newDomain(world);
      await of(world.client, world).delete(domainId);
      expect(await gone(of(world.aside, world).get(domainId))).toBe(true);
    }),
  };
};

export const DOMAINS: Rows = {
  ...atScopes<Domains>(
    'domains',
    { organization: (client) => client.domains, pod: (client) => client.pods.domains },
    rowsOf,
  ),
  'domains.getSetupLink': answers('that there is none', async ({ client, domainId }) => {
    expect(await client.domains.getSetupLink(domainId)).toEqual({ supported: false });
  }),
};
