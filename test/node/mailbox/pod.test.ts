import { describe, expect, it } from 'vitest';
import { podDomain, servesDomain, slugFor } from '../../../node/mailbox/pod.ts';

describe('the part of a domain that a pod has for itself', () => {
  it.each([
    [['Acme'], 'acme'],
    [['tenant-acme-123'], 'tenant-acme-123'],
    [['Müller & Söhne GmbH'], 'muller-sohne-gmbh'],
    [['Acme (Ünï)'], 'acme-uni'],
    [['Mu\u0308ller'], 'muller'],
    [['Weiß'], 'weiss'],
    [['ﬁve №7'], 'five-no7'],
    [['顧客', 'tenant_7'], 'tenant-7'],
    [['…', undefined], 'pod'],
    [[`${'a'.repeat(39)}-b`], 'a'.repeat(39)],
  ])('of %j is %s', (texts, slug) => {
    expect(slugFor(texts)).toBe(slug);
  });

  it('stands in front of the host’s domain; the default pod has that itself', () => {
    expect(podDomain({ slug: 'acme' }, 'agents.example.com')).toBe('acme.agents.example.com');
    expect(podDomain({}, 'agents.example.com')).toBe('agents.example.com');
    expect(podDomain({ slug: 'acme' }, undefined)).toBeUndefined();
  });
});

describe('mail for a domain', () => {
  it.each([
    ['agents.example.com', true],
    ['acme.agents.example.com', true],
    ['other.agents.example.com', false],
    ['a.acme.agents.example.com', false],
    ['acmeagents.example.com', false],
    ['example.com', false],
  ])('%s is of this host: %s', (name, isServed) => {
    expect(servesDomain(name, 'agents.example.com', (slug) => slug === 'acme')).toBe(isServed);
  });

  it('is of no host that has none', () => {
    expect(servesDomain('acme.x.com', undefined, () => true)).toBe(false);
  });
});
