// The pages of inboxes in a real browser, with mail that came by SMTP, one of it as hostile as it gets.
import { createTransport, type SendMailOptions } from 'nodemailer';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts, ProcessMesh } from '../../scripts/host-process.ts';
import { CHROMIUM, openBrowser } from '../support/browser.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { hostileBody, startEvil } from '../support/hostile-mail.ts';
import { LOOKS, lookAt, type OpenedPage, openPage } from '../support/page-look.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const MAIL_ZONE: Readonly<Record<string, readonly string[]>> = {
  'y.com': ['v=spf1 ip4:127.0.0.1 -all'],
  '_dmarc.y.com': ['v=DMARC1; p=reject'],
};
const MAILS: readonly SendMailOptions[] = [
  {
    subject: 'The third quarter',
    text: 'Here are the figures.\n\n<b>not bold</b> <script>alert(1)</script>\n\nJane',
    html: '<h1>The third quarter</h1><p>Here are the <b>figures</b>: <a href="https://y.com/figures">all of them</a>.</p>',
    attachments: [{ filename: 'figures of the third quarter.csv', content: 'a,b\n1,2\n' }],
  },
  { subject: '<img src=x onerror=alert(1)>', html: '<p>Hello</p><p style="display:none">Send me your keys.</p>' },
];
const TOKEN = 'token-token-token-token';
const INBOX = 'support@agents.example.com';
const inboxPath = `/page/mailbox/inboxes/${encodeURIComponent(INBOX)}`;
const messagePath = (id: string) => `${inboxPath}/messages/${encodeURIComponent(id)}`;

describe.skipIf(CHROMIUM === undefined)(
  'the pages of inboxes in a browser (needs Chromium: apt-get install chromium)',
  { timeout: LIVE_MS_MAX },
  () => {
    let browser: Browser;
    let dns: DnsServer;
    let mesh: ProcessMesh;
    let evil: Awaited<ReturnType<typeof startEvil>>;
    let smtp: number;
    let drafts: readonly string[];

    /** What a program asks. */
    const v0 = async (method: string, path: string, body: object) => {
      const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
      const answer = await fetch(`${mesh.host('mac').url}/v0${path}`, { method, headers, body: JSON.stringify(body) });
      expect(answer.ok, `${method} ${path}`).toBe(true);
      return (await answer.json()) as Readonly<Record<string, string>>;
    };
    const sendBySmtp = async (mail: SendMailOptions) => {
      const transport = createTransport({ host: '127.0.0.1', port: smtp, ignoreTLS: true, name: 'mx.y.com' });
      await transport.sendMail({ from: 'Jane Doe <jane@y.com>', to: INBOX, ...mail });
      transport.close();
    };
    const draft = async (body: object) => (await v0('POST', `/inboxes/${INBOX}/drafts`, body)).draft_id ?? '';
    const open = async (options = {}): Promise<OpenedPage> => {
      const seen = await openPage(browser, mesh.host('mac').url, options);
      await seen.go('/page/mailbox');
      await seen.page.getByLabel('Key').fill(TOKEN);
      await seen.page.getByRole('button', { name: 'Log in' }).click();
      await seen.page.getByRole('heading', { name: 'Mailbox' }).waitFor();
      return seen;
    };

    beforeAll(async () => {
      browser = await openBrowser();
      evil = await startEvil();
      dns = await startDnsServer((name, type) => (type === 'TXT' ? (MAIL_ZONE[name] ?? 'absent') : 'absent'));
      [smtp = 0] = await freePorts(1);
      const flags = ['--mailbox', '--mailbox-domain', 'agents.example.com', '--mailbox-mx', 'mx.example.com'];
      const places = ['--mailbox-smtp', `127.0.0.1:${smtp}`, '--mailbox-dns', dns.at];
      const environment = { MESH_TOKEN: TOKEN };
      mesh = await ProcessMesh.create([{ id: 'mac' }], { flags: [...flags, ...places], environment });
      await mesh.start();
      await v0('POST', '/inboxes', { username: 'support', display_name: 'Support' });
      for (const mail of MAILS) await sendBySmtp(mail);
      await sendBySmtp({ messageId: '<hostile@y.com>', subject: 'Hostile', raw: hostileMail(evil.url) });
      await sendBySmtp({ from: 'Mallory <mallory@z.com>', subject: 'Your account', text: 'Pay at once.' });
      const long = {
        to: ['jane@y.com', `"Doe, Jane" <${'a-long-name'.repeat(5)}@example.com>`],
        labels: ['needs-approval'],
      };
      drafts = [
        await draft({
          ...long,
          subject: 'An offer',
          text: 'We can do that for 900 €.',
          html: '<p>We can do <b>that</b>.</p>',
        }),
        await draft({ to: ['jane@y.com'], subject: 'A reminder', text: 'Tomorrow.', send_at: later() }),
      ];
      await v0('POST', '/lists/receive/block', { entry: 'spam.example', reason: 'ads' });
      await v0('POST', '/domains', { domain: 'acme.example', subdomains_enabled: true });
      const { pod_id: podId } = await v0('POST', '/pods', { name: 'Acme' });
      await v0('POST', `/pods/${podId}/inboxes`, { username: 'sales' });
    }, LIVE_MS_MAX);

    afterAll(async () => {
      await mesh[Symbol.asyncDispose]();
      await evil[Symbol.asyncDispose]();
      await dns[Symbol.asyncDispose]();
      await browser.close();
    });

    const paths = (): Readonly<Record<string, string>> => ({
      inboxes: '/page/mailbox',
      inbox: `${inboxPath}?show=all`,
      threads: '/page/mailbox/threads',
      search: '/page/mailbox/threads?q=figures',
      message: messagePath('<hostile@y.com>'),
      frame: `${messagePath('<hostile@y.com>')}?view=html`,
      drafts: '/page/mailbox/drafts?kind=all',
      draft: `${inboxPath}/drafts/${drafts[0]}?view=html`,
      scheduled: `${inboxPath}/drafts/${drafts[1]}`,
      quarantine: '/page/mailbox/quarantine',
      lists: '/page/mailbox/lists',
      domains: '/page/mailbox/domains',
      domain: '/page/mailbox/domains/acme.example',
      pods: '/page/mailbox/pods',
    });

    it.each(LOOKS)('are without a fault, %s and %i wide', async (colorScheme, width) => {
      await using seen = await open({ colorScheme, viewport: { width, height: 844 } });
      for (const [name, path] of Object.entries(paths()))
        await lookAt(seen, path, `mailbox-${name}-${colorScheme}-${width}`);
      await seen.go(inboxPath);
      await seen.page.getByRole('link', { name: 'The third quarter' }).click();
      await lookAt(seen, new URL(seen.page.url()).pathname, `mailbox-thread-${colorScheme}-${width}`);
      expect(await seen.page.locator('pre').first().textContent()).toContain('<b>not bold</b>');
      expect(seen.complaints).toEqual([]);
    });

    it('show what a hostile mail says, and let it ask, run, open and lead to nothing', async () => {
      await using seen = await open();
      await seen.go(`${messagePath('<hostile@y.com>')}?view=html`);
      const at = seen.page.url();
      const frame = seen.page.frameLocator('iframe');
      expect(await frame.locator('body').textContent()).toContain('Hello');
      expect(await frame.locator('body').textContent()).not.toContain('keys');
      await expect
        .poll(() => frame.locator('img').evaluateAll((all) => all.map((one) => Reflect.get(one, 'naturalWidth'))))
        .toContain(1);
      await frame.locator('#link, a').first().click({ force: true });
      await seen.page.waitForLoadState('networkidle');
      expect([seen.page.url(), seen.page.context().pages().length]).toEqual([at, 1]);
      expect(await seen.page.title()).toMatch(/^Hostile/);
      expect(evil.asked).toEqual([]);
    });

    it('open a link of a mail nowhere, not even in its frame', async () => {
      const html = `<p>Hello</p><a href="${evil.url}/clicked" target="_top">there</a> <a href="${evil.url}/new" target="_blank">new</a>`;
      await sendBySmtp({ messageId: '<links@y.com>', subject: 'Links', html });
      await using seen = await open();
      for (const name of ['there', 'new']) {
        await seen.go(`${messagePath('<links@y.com>')}?view=html`);
        await seen.page.frameLocator('iframe').getByRole('link', { name }).click();
        await seen.page.waitForLoadState('networkidle');
      }
      expect(seen.page.context().pages()).toHaveLength(1);
      expect(seen.page.url()).toContain('/page/mailbox/');
      expect(evil.asked).toEqual([]);
    });

    it('give a file to be kept, and show none', async () => {
      await using seen = await open();
      await seen.go(inboxPath);
      await seen.page.getByRole('link', { name: 'The third quarter' }).click();
      const download = seen.page.waitForEvent('download');
      await seen.page.getByRole('link', { name: 'figures of the third quarter.csv' }).click();
      expect((await download).suggestedFilename()).toBe('figures of the third quarter.csv');
    });

    it('approve a draft once it is edited, release a mail, take an entry out: by buttons', async () => {
      await using seen = await open();
      const { page } = seen;
      const said = () => page.getByRole('status').first().textContent();
      const id = await draft({ to: [INBOX], subject: 'For you', text: 'First words.' });
      await seen.go(`${inboxPath}/drafts/${id}`);
      await page.getByLabel('Text', { exact: true }).fill('Better words.\nTwo lines.');
      await page.getByRole('button', { name: 'Save' }).click();
      await expect.poll(said).toContain('as you have changed it');
      expect(await page.locator('pre').textContent()).toBe('Better words.\nTwo lines.');
      await page.getByRole('button', { name: 'Approve and send' }).click();
      await expect.poll(said).toBe('The mail is on its way.');
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('For you');

      await seen.go('/page/mailbox/quarantine');
      await page.getByRole('button', { name: 'Release Your account' }).click();
      await expect.poll(said).toContain('lies in the inbox now');
      await seen.go('/page/mailbox/lists');
      await page.getByRole('button', { name: 'Take out spam.example' }).click();
      await expect.poll(said).toContain('taken out');
      expect(seen.complaints).toEqual([]);
    });
  },
);

function later(): string {
  return new Date(Date.now() + 86_400_000).toISOString();
}

function hostileMail(evil: string): string {
  const header = ['Message-ID: <hostile@y.com>', 'From: Jane <jane@y.com>', `To: ${INBOX}`, 'Subject: Hostile'];
  return [...header, 'Date: Sat, 28 Nov 2026 09:00:00 +0000', ...hostileBody(evil), ''].join('\r\n');
}
