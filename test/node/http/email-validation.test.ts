import { describe, expect, it } from 'vitest';
import { DnsFailure, type Resolver } from '../../../node/validation/deliverability.ts';
import dns from '../../data/python-email-validator-dns.json' with { type: 'json' };
import { testNode } from '../../support/test-node.ts';

/** What python-email-validator's own tests have recorded; a name they asked nothing of does not answer. */
const recordedDns: Resolver = {
  mx: async (domain) =>
    answers(domain, 'MX').map((text) => ({
      priority: Number(text.split(' ')[0]),
      exchange: String(text.split(' ')[1]),
    })),
  a: async (domain) => answers(domain, 'A'),
  aaaa: async (domain) => answers(domain, 'AAAA'),
  txt: async (domain) => answers(domain, 'TXT').map((text) => text.replace(/^"|"$/g, '')),
};

function answers(name: string, type: string): readonly string[] {
  const known = dns.answers.filter(({ query }) => query.name === name);
  if (known.length === 0) throw new DnsFailure('unknown');
  if (known.some(({ query }) => query.type === 'ANY')) throw new DnsFailure('absent');
  return known.find(({ query }) => query.type === type)?.answer ?? [];
}

describe('POST /api/email/validate', () => {
  it("answers python-email-validator's fields, or its sentence", async () => {
    const node = await testNode();
    expect((await node.ask('POST', '/api/email/validate', { email: 'Ann@Bücher.example.com' })).body).toEqual({
      email: 'Ann@Bücher.example.com',
      valid: true,
      normalized: 'Ann@bücher.example.com',
      local: 'Ann',
      domain: 'bücher.example.com',
      ascii_email: 'Ann@xn--bcher-kva.example.com',
      ascii_local: 'Ann',
      ascii_domain: 'xn--bcher-kva.example.com',
      smtputf8: false,
    });
    expect((await node.ask('POST', '/api/email/validate', { email: 'my@localhost' })).body).toMatchObject({
      valid: false,
      error: expect.any(String),
      error_code: expect.any(String),
    });
    expect((await node.ask('POST', '/api/email/validate', { emails: ['a@b.example.com', 'x'] })).body).toMatchObject({
      results: [{ valid: true }, { valid: false }],
    });
  });

  it('refuses quotes before the @ and IP addresses after it, unless they are allowed', async () => {
    const node = await testNode();
    const ask = async (body: object) => (await node.ask('POST', '/api/email/validate', body)).body;
    const quoted = { email: '"john doe"@b.example.com' };
    const literal = { email: 'a@[192.0.2.1]' };
    expect(await ask(quoted)).toMatchObject({ valid: false, error_code: 'quoted_local_part_not_allowed' });
    expect(await ask(literal)).toMatchObject({ valid: false, error_code: 'domain_literal_not_allowed' });
    expect(await ask({ ...quoted, allowQuotedLocal: true })).toMatchObject({ valid: true, local: '"john doe"' });
    expect(await ask({ ...literal, allowDomainLiteral: true, checkDeliverability: true })).toEqual({
      ...{ email: literal.email, valid: true, normalized: literal.email, local: 'a', ascii_local: 'a' },
      ...{ domain: '[192.0.2.1]', ascii_domain: '[192.0.2.1]', ascii_email: literal.email, smtputf8: false },
      domain_address: '192.0.2.1',
    });
    expect(await ask({ emails: [quoted.email, literal.email], allowQuotedLocal: true })).toMatchObject({
      results: [{ valid: true }, { valid: false }],
    });
  });

  it.each([
    [{}],
    [{ email: 'a@b.c', emails: [] }],
    [{ email: 1 }],
    [{ email: 'a@b.c', allowQuotedLocal: 'yes' }],
    [{ emails: Array.from({ length: 1_001 }, () => 'a') }],
    [{ emails: Array.from({ length: 51 }, () => 'a'), checkDeliverability: true }],
  ])('refuses %#', async (body) =>
    expect((await (await testNode()).ask('POST', '/api/email/validate', body)).status).toBe(400),
  );

  it.each(dns.cases.map((one) => [one.domain, one] as const))(
    'says of %s what python-email-validator says',
    async (domain, expected) => {
      const node = await testNode({ resolver: recordedDns });
      const { body } = await node.ask('POST', '/api/email/validate', {
        email: `me@${domain}`,
        checkDeliverability: true,
      });
      if (expected.ok === true)
        expect(body).toMatchObject({
          valid: true,
          deliverable: true,
          mx: expected.mx,
          mx_fallback_type: expected.mx_fallback_type,
        });
      else if (expected.ok === false)
        expect(body).toMatchObject({ valid: false, error: expected.error?.replace('{domain}', domain) });
      else expect(body).toMatchObject({ valid: true, deliverable: 'unknown', unknown: 'timeout' });
    },
  );
});
