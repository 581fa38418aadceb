import { describe, expect, it } from 'vitest';
import { PageVisitor } from '../../support/page-visitor.ts';
import { never } from '../../support/scripted-peers.ts';
import { testNode } from '../../support/test-node.ts';

const HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
const TURNED = 'titania\u202emoc.live';

async function world(options: Parameters<typeof testNode>[0] = {}) {
  const made = await testNode(options);
  const visitor = new PageVisitor(made.node);
  const makeAgent = async (name: string, ...addresses: object[]) => {
    const { body } = await made.ask('POST', '/api/agents', { name, tools: { email: { addresses } } });
    return (body as { agent: { id: string } }).agent.id;
  };
  return { ...made, visitor, makeAgent };
}

/** Rows of the first table, without tags. */
const rowsOf = (html: string) =>
  [...html.matchAll(/<tr role="row">(.*?)<\/tr>/gs)]
    .map(([, row = '']) =>
      row
        .replace(/<[^>]+>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .slice(1);

describe('the mesh', () => {
  it('shows each host, who votes, and what is wrong with what helps', async () => {
    const { visitor } = await world({ peers: { cloud: never } });
    const { status, html } = await visitor.get('/');
    expect(status).toBe(200);
    expect(html).toContain('No address can be claimed');
    expect(rowsOf(html)).toEqual([
      expect.stringContaining('mac ● this host votes'),
      expect.stringContaining('cloud ◐'),
    ]);
    expect(html).toMatch(/<svg [^>]*role="img" aria-label="mac in the middle, 1 other host around it/);
  });

  it('is paged', async () => {
    const peers = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`h${at}`, never]));
    const { visitor } = await world({ peers });
    const first = await visitor.get('/');
    expect(rowsOf(first.html)).toHaveLength(50);
    const next = /rel="next" href="([^"]+)"/.exec(first.html)?.[1] ?? '';
    expect(rowsOf((await visitor.get(next)).html)).toHaveLength(11);
  });
});

describe('addresses', () => {
  it('are found by a part of them, in order, a page at a time', async () => {
    const { visitor, makeAgent } = await world();
    for (let at = 0; at < 7; at += 1)
      await makeAgent(`a${at}`, ...Array.from({ length: 10 }, (_, n) => ({ address: `box${at}${n}@x.com` })));
    await makeAgent('other', { address: 'titania@y.com', displayName: 'Titania' });
    const all = await visitor.get('/page/addresses');
    expect(rowsOf(all.html)).toHaveLength(50);
    expect(rowsOf(all.html)[0]).toMatch(/^box00@x.com a0 mac/);
    const next = (/rel="next" href="([^"]+)"/.exec(all.html)?.[1] ?? '').replaceAll('&amp;', '&');
    expect(rowsOf((await visitor.get(next)).html).at(-1)).toBe('titania@y.com other mac Titania primary');
    expect(rowsOf((await visitor.get('/page/addresses?q=TITAN')).html)).toHaveLength(1);
    expect((await visitor.get('/page/addresses?q=nobody')).html).toContain('No address that this host knows fits.');
    expect(rowsOf((await visitor.get('/page/addresses?host=mac&q=y.com')).html)).toHaveLength(1);
    expect((await visitor.get('/page/addresses?host=nowhere')).html).toContain('fits.');
  });

  it('have a page each: who, since when, and their past', async () => {
    const { visitor, makeAgent } = await world();
    await makeAgent('iac', { address: 'titania@x.com' });
    const { html } = await visitor.get('/page/address?address=titania%40x.com');
    expect(html).toContain('>iac</a>');
    expect(html).toContain('given to the agent');
    expect((await visitor.get('/page/address?address=nobody%40x.com')).html).toContain('Nobody has this address');
    expect((await visitor.get('/page/address?address=nonsense')).status).toBe(400);
  });
});

describe('an agent', () => {
  it('has its addresses, events and mail on a page', async () => {
    const { visitor, makeAgent } = await world();
    const id = await makeAgent('iac', { address: 'titania@x.com' });
    const { html } = await visitor.get(`/page/agents/${id}`);
    expect(html).toContain('titania@x.com');
    expect(html).toContain('agent.created');
    expect(html).toContain('It has sent no mail.');
    expect((await visitor.get('/page/agents/nobody')).status).toBe(404);
  });
});

describe('changes', () => {
  it('have the agent whose they are, but for those of a domain, which no agent has', async () => {
    const { visitor, makeAgent, node } = await world();
    const agentId = await makeAgent('iac', { address: 'titania@x.com' });
    const domain = { domain_id: 'acme.example', event_id: 'e' };
    const told = { agentId: 'the-organization' as never, agentName: 'acme.example' };
    const draft = { event: 'domain.verified', domain } as const;
    await node.registry.mail.commitMails({ told: [{ ...told, draft }], writes: [], apply: () => undefined });
    const { html } = await visitor.get('/page/changes');
    expect(rowsOf(html)[0]).toMatch(/domain\.verified – mac acme\.example$/);
    expect(html).toContain(`href="/page/agents/${agentId}"`);
    expect(html).not.toContain('the-organization');
  });
});

describe('what somebody else wrote', () => {
  it('is shown, and never becomes part of the page', async () => {
    const { visitor, makeAgent, ask } = await world();
    const address = { address: 'titania@x.com', displayName: HOSTILE.replaceAll('/', ''), metadata: { team: HOSTILE } };
    const id = await makeAgent('iac', address);
    await ask('PATCH', `/api/agents/${id}`, { label: HOSTILE });
    const hook = { url: `http://127.0.0.1:9/?${HOSTILE}`, events: ['agent.created'], description: HOSTILE };
    const made = await ask('POST', '/api/webhooks', hook);
    const paths = [
      `/page/agents/${id}`,
      '/page/addresses',
      `/page/addresses?q=${encodeURIComponent(HOSTILE)}&host=${encodeURIComponent(HOSTILE)}`,
      `/page/address?address=${encodeURIComponent('titania@x.com')}`,
      `/page/address?address=${encodeURIComponent(HOSTILE)}`,
      `/page/agents/${encodeURIComponent(HOSTILE)}`,
      '/page/subscriptions',
      `/page/subscriptions/${(made.body as { id: string }).id}`,
      `/page/subscriptions/${encodeURIComponent(HOSTILE)}`,
      '/page/changes',
      `/page/login?next=${encodeURIComponent(HOSTILE)}`,
      `/page/${encodeURIComponent(HOSTILE)}`,
      `/?said=${encodeURIComponent(HOSTILE)}&cursor=${encodeURIComponent(HOSTILE)}`,
    ];
    for (const path of paths) {
      const { html } = await visitor.get(path);
      expect(html, path).not.toMatch(/<script>|<img|onerror=alert\(1\)>/);
      expect(html, path).toContain('<!doctype html>');
    }
  });

  it('is shown as it is read, where it turns the direction of writing', async () => {
    const { visitor } = await world();
    const refused = await visitor.get(`/page/agents/${encodeURIComponent(TURNED)}`);
    expect(refused.html).not.toContain('\u202e');
    expect(refused.html).toContain('titania\\u202emoc.live');
  });
});

describe('each page', () => {
  it.each([
    '/',
    '/page/addresses',
    '/page/subscriptions',
    '/page/conflicts',
    '/page/sending',
    '/page/changes',
    '/page/settings',
    '/docs',
    '/page/login',
    '/page/nothing',
  ])('%s lets in nothing from elsewhere, and runs nothing but its own script', async (path) => {
    const { visitor } = await world();
    const { headers, html } = await visitor.get(path);
    const policy = headers.get('content-security-policy') ?? '';
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(html.match(/<script\b[^>]*>/g)).toEqual([`<script src="/page/live.js" nonce="${nonce}" defer>`]);
    expect(html).not.toMatch(/\sstyle="|\son\w+="/);
    expect([...html.matchAll(/(?:src|action)="([^"]+)"/g)].every(([, to = '']) => /^\/(?!\/)/.test(to))).toBe(true);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('has another nonce each time', async () => {
    const { visitor } = await world();
    const nonces = [await visitor.get('/'), await visitor.get('/')].map(
      ({ headers }) => /nonce-([^']+)/.exec(headers.get('content-security-policy') ?? '')?.[1],
    );
    expect(new Set(nonces).size).toBe(2);
  });

  it('has the style and the script beside it', async () => {
    const { visitor } = await world();
    for (const path of ['/page/style.css', '/page/live.js', '/page/icon.svg']) {
      const { status, headers } = await visitor.get(path);
      expect(status).toBe(200);
      expect((await visitor.get(path, { 'if-none-match': headers.get('etag') ?? '' })).status).toBe(304);
    }
  });
});
