// The page in a real browser: each page in light and dark, wide and narrow, without a fault that axe finds; each action; by keyboard alone.
// Pictures of what was seen lie in test/screenshots afterwards.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeServer, createHttpServer, listenOn } from '../../node/http/server/server.ts';
import { systemClock } from '../../node/system/clock.ts';
import { ProcessMesh } from '../../scripts/host-process.ts';
import { CHROMIUM, openBrowser } from '../support/browser.ts';
import { LOOKS, lookAt, openPage } from '../support/page-look.ts';
import { type PageWorld, pageWorld } from '../support/page-world.ts';
import { never } from '../support/scripted-peers.ts';
import { testNode } from '../support/test-node.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

describe.skipIf(CHROMIUM === undefined)(
  'the page in a browser (needs Chromium: apt-get install chromium)',
  { timeout: LIVE_MS_MAX },
  () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await openBrowser();
    }, LIVE_MS_MAX);
    afterAll(() => browser.close());

    const open = (world: Pick<PageWorld, 'url'>, options: BrowserContextOptions = {}) =>
      openPage(browser, world.url, options);

    const pathsOf = ({ webhookId, mail }: PageWorld): Readonly<Record<string, string>> => ({
      mesh: '/',
      addresses: '/page/addresses',
      search: '/page/addresses?q=titania&host=mac',
      nothing: '/page/addresses?q=nobody',
      address: '/page/address?address=titania%40mail.example.com',
      agent: '/page/agents/h1',
      subscriptions: '/page/subscriptions',
      subscription: `/page/subscriptions/${webhookId}`,
      delivery: `/page/subscriptions/${webhookId}/deliveries/5`,
      conflicts: '/page/conflicts',
      sending: '/page/sending',
      message: `/page/sending/${mail.failed}`,
      changes: '/page/changes',
      settings: '/page/settings',
      login: '/page/login',
      missing: '/page/nothing',
    });

    it.each(LOOKS)('is without a fault, %s and %i wide', { timeout: 4 * LIVE_MS_MAX }, async (colorScheme, width) => {
      await using world = await pageWorld();
      await using seen = await open(world, { colorScheme, viewport: { width, height: 844 } });
      // It is as long as all others together, so each palette and each width see it once.
      const docs = (colorScheme === 'light') === width > 1_000 ? { docs: '/docs' } : {};
      for (const [name, path] of Object.entries({ ...pathsOf(world), ...docs })) {
        await lookAt(seen, path, `${name}-${colorScheme}-${width}`);
      }
      expect(seen.complaints.filter((text) => !text.includes('404'))).toEqual([]);
    });

    it('shows a mesh with a host that is away without a fault, in every colour and width', async () => {
      const specs = [{ id: 'mac' }, { id: 'cloud' }, { id: 'mini' }, { id: 'laptop', entry: { voter: false } }];
      await using mesh = await ProcessMesh.create(specs);
      await mesh.start();
      const { url } = mesh.host('mac');
      const stateOf = async (id: string) => (await hostsOf(url)).find((host) => host.id === id)?.status;
      for (const { id } of mesh.hosts) await expect.poll(() => stateOf(id), { timeout: LIVE_MS_MAX }).toBe('online');
      await expect.poll(async () => (await fetch(`${url}/ready`)).status, { timeout: LIVE_MS_MAX }).toBe(200);
      await mesh.host('mini').kill();
      await expect.poll(() => stateOf('mini'), { timeout: LIVE_MS_MAX }).toBe('offline');
      await lookAtBoth({ url }, 'hosts');
    });

    it('shows a mesh of many hosts without a fault', async () => {
      const peers = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`host-${at}`, never]));
      await using stack = new AsyncDisposableStack();
      const { node } = await testNode({ peers });
      stack.use(node);
      const server = createHttpServer(node.fetch, { clock: systemClock });
      const { port } = await listenOn(server, { ip: '127.0.0.1', port: 0 });
      stack.defer(() => closeServer(server, systemClock));
      await lookAtBoth({ url: `http://127.0.0.1:${port}` }, 'many-hosts');
    });

    /** The page of the mesh, light and dark, wide and narrow. */
    async function lookAtBoth(world: Pick<PageWorld, 'url'>, name: string) {
      for (const [colorScheme, width] of LOOKS) {
        await using seen = await open(world, { colorScheme, viewport: { width, height: 844 } });
        await lookAt(seen, '/', `${name}-${colorScheme}-${width}`);
      }
    }

    it('replays dead letters, and the receiver gets them', async () => {
      await using world = await pageWorld();
      await using seen = await open(world);
      await seen.go(`/page/subscriptions/${world.webhookId}`);
      const taken = world.next();
      await seen.page.getByRole('button', { name: /^Replay \d+ dead letters?$/ }).click();
      await expect.poll(() => seen.page.getByRole('status').textContent()).toMatch(/sent again/);
      await world.clock.advance(1_000);
      expect(JSON.parse(await taken)).toMatchObject({ agent: { name: 'bottom' } });
    });

    it('retries one of them, by keyboard alone', async () => {
      await using world = await pageWorld();
      await using seen = await open(world);
      await seen.go(`/page/subscriptions/${world.webhookId}`);
      const taken = world.next();
      await tabTo(seen.page, /^Retry/);
      await seen.page.keyboard.press('Enter');
      await expect
        .poll(() => seen.page.getByRole('status').first().textContent())
        .toBe('The delivery is attempted again now.');
      await world.clock.advance(1_000);
      await taken;
    });

    it('sends a test, disables a subscription, and enables it again', async () => {
      await using world = await pageWorld();
      await using seen = await open(world);
      await seen.go(`/page/subscriptions/${world.webhookId}`);
      const said = () => seen.page.getByRole('status').textContent();
      await seen.page.getByRole('button', { name: 'Send a test' }).click();
      await expect.poll(said).toBe('The receiver answered the test with 204.');
      await seen.page.getByRole('button', { name: 'Disable' }).click();
      await expect.poll(said).toContain('is disabled');
      await seen.page.getByRole('button', { name: 'Enable' }).click();
      await expect.poll(said).toContain('is enabled');
    });

    it('ends a conflict', async () => {
      await using world = await pageWorld();
      await using seen = await open(world);
      await seen.go('/page/conflicts');
      await seen.page.getByRole('button', { name: /^Keep it on cloud/ }).click();
      await expect
        .poll(() => seen.page.getByRole('status').textContent())
        .toBe('The address stays with the other host.');
      expect(await seen.page.getByText('No address of this host is claimed elsewhere.').count()).toBe(1);
    });

    it('cancels a message that waits, and sends one again that failed', async () => {
      await using world = await pageWorld();
      await using seen = await open(world);
      await seen.go(`/page/sending/${world.mail.waiting}`);
      await seen.page.getByRole('button', { name: 'Cancel' }).click();
      await expect.poll(() => seen.page.getByRole('status').textContent()).toBe('The message is not sent any more.');
      await seen.go(`/page/sending/${world.mail.failed}`);
      await seen.page.getByRole('button', { name: 'Send again' }).click();
      await expect.poll(() => seen.page.getByRole('status').textContent()).toBe('The message is sent again.');
    });

    it('shows a change when it comes, as what it is', async () => {
      await using world = await pageWorld();
      await using seen = await open(world);
      await seen.go('/page/changes');
      await expect.poll(() => seen.page.locator('[data-listening]').textContent()).toContain('Listening');
      await world.ask('POST', '/api/agents', { name: 'quince', label: '<b>' });
      await expect.poll(() => seen.page.locator('tbody tr').first().textContent()).toContain('quince');
      await seen.page.locator('tbody a').first().click();
      await expect.poll(() => seen.page.getByRole('heading', { level: 1 }).textContent()).toBe('quince');
      expect(seen.complaints).toEqual([]);
    });

    it('names no agent beside a domain that was verified', async () => {
      await using world = await pageWorld();
      await using seen = await open(world);
      await seen.go('/page/changes');
      await expect.poll(() => seen.page.locator('[data-listening]').textContent()).toContain('Listening');
      const draft = { event: 'domain.verified', domain: { domain_id: 'acme.example', event_id: 'e' } } as const;
      const told = [{ agentId: 'the-organization' as never, agentName: 'acme.example', draft }];
      await world.node.registry.mail.commitMails({ told, writes: [], apply: () => undefined });
      const row = seen.page.locator('tbody tr').first();
      await expect.poll(() => row.textContent()).toMatch(/domain\.verified\s*–\s*mac\s*acme\.example/);
      expect(await row.locator('a').count()).toBe(0);
    });

    it('is brought up to date while somebody looks at it', async () => {
      await using world = await pageWorld();
      await using seen = await open(world);
      await seen.page.clock.install();
      await seen.go('/page/sending');
      expect(await seen.page.getByText('A new one').count()).toBe(0);
      await world.ask('POST', '/api/email/send', {
        agentId: 't1',
        to: 'bob@mail.example.com',
        subject: 'A new one',
        body: 'x',
      });
      await seen.page.clock.runFor(6_000);
      await expect.poll(() => seen.page.getByText('A new one').count()).toBe(1);
    });

    it('is entered with a key and left again, by keyboard alone', async () => {
      const [token, readToken] = ['token-token-token-token', 'read-read-read-read-read'];
      await using stack = new AsyncDisposableStack();
      const { node, ask } = await testNode({ token, readToken });
      stack.use(node);
      const scopes = { name: 'kim', scopes: ['read'] };
      const made = await ask('POST', '/api/keys', scopes, { authorization: `Bearer ${token}` });
      const server = createHttpServer(node.fetch, { clock: systemClock });
      const { port } = await listenOn(server, { ip: '127.0.0.1', port: 0 });
      stack.defer(() => closeServer(server, systemClock));
      const { page, go } = stack.use(await open({ url: `http://127.0.0.1:${port}` }));
      const title = () => page.getByRole('heading', { level: 1 }).textContent();
      await go('/page/addresses');
      expect(await title()).toBe('Log in');
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.textContent')).toBe('To the content');
      for (let presses = 0; presses < 30 && (await page.evaluate('document.activeElement.id')) !== 'key'; presses += 1)
        await page.keyboard.press('Tab');
      await page.keyboard.type((made.body as { secret: string }).secret);
      await page.keyboard.press('Enter');
      await expect.poll(title).toBe('Addresses');
      await go('/page/subscriptions');
      expect(await title()).toBe('Not allowed');
      expect(await page.locator('.refusal').textContent()).toContain("needs a key of scope 'webhooks'");
      await tabTo(page, /^Log out$/);
      await page.keyboard.press('Enter');
      await expect.poll(() => page.getByRole('status').textContent()).toBe('You have logged out.');
      await go('/');
      expect(await title()).toBe('Log in');
    });
  },
);

async function hostsOf(url: string): Promise<readonly { readonly id: string; readonly status: string }[]> {
  const { hosts } = (await (await fetch(`${url}/api/hosts`)).json()) as { hosts: { id: string; status: string }[] };
  return hosts;
}

/** Presses Tab until what has that name has the focus. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 100; presses += 1) {
    await page.keyboard.press('Tab');
    const focused = (await page.evaluate('document.activeElement?.textContent ?? ""')) as string;
    if (name.test(focused.trim())) return;
  }
  throw new Error(`No Tab leads to ${name}.`);
}
