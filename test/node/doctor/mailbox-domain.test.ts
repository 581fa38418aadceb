import { describe, expect, it } from 'vitest';
import { checkMailboxDomain } from '../../../node/doctor/checks/mailbox-domain.ts';
import type { Examination } from '../../../node/doctor/examination.ts';
import { readConfig } from '../../../node/settings.ts';
import { DnsFailure, type Resolver } from '../../../node/validation/deliverability.ts';

const MAILBOX = {
  MESH_MAILBOX: 'true',
  MESH_MAILBOX_DOMAIN: 'agents.example.com',
  MESH_MAILBOX_SMTP: '127.0.0.1:2525',
};
const EMPTY: Resolver = { mx: async () => [], a: async () => [], aaaa: async () => [], txt: async () => [] };
const failing = (kind: 'absent' | 'unknown') => () => Promise.reject(new DnsFailure(kind));
const MX = { mx: async () => [{ priority: 10, exchange: 'mx.example.com' }] };

const found = (dns: Partial<Resolver>, environment: Readonly<Record<string, string>> = MAILBOX) => {
  const { config } = readConfig({}, environment);
  return checkMailboxDomain({ config, dns: { ...EMPTY, ...dns } } as Examination);
};

describe('the domain of inboxes', () => {
  it.each<[string, Partial<Resolver>]>([
    ['a mail server with an address', { ...MX, a: async () => ['192.0.2.1'] }],
    ['a mail server whose address can not be told now', { ...MX, a: failing('unknown') }],
    ['an address of its own', { a: async () => ['8.8.8.8'] }],
  ])('is well with %s', async (_, dns) => expect(await found(dns)).toEqual([]));

  it.each<[string, Partial<Resolver>, RegExp]>([
    ['nobody', {}, /^Nobody takes mail for 'agents\.example\.com'/],
    ['no such name', { mx: failing('absent') }, /does not exist/],
    ['a mail server without an address', MX, /names mx\.example\.com for it, which has no address/],
    ['a mail server that does not exist', { ...MX, a: failing('absent') }, /which has no address/],
    ['nothing, for it does not answer', { mx: failing('unknown') }, /can't be told: the DNS does not answer/],
  ])('is told of where the DNS names %s', async (_, dns, what) => {
    expect(await found(dns)).toMatchObject([
      { check: 'mailbox-domain', what: expect.stringMatching(what), mend: 'dig +short MX agents.example.com' },
    ]);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['there are no inboxes', {}],
    ['no mail is taken', { MESH_MAILBOX: 'true', MESH_MAILBOX_DOMAIN: 'agents.example.com' }],
    ['each inbox names its own', { MESH_MAILBOX: 'true', MESH_MAILBOX_SMTP: '127.0.0.1:2525' }],
  ])('is not asked for where %s', async (_, environment) => expect(await found({}, environment)).toEqual([]));
});
