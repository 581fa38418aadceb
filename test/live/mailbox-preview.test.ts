// A mail that would like to be more than read, shown by a real browser.

import type { Browser } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { CHROMIUM, openBrowser } from '../support/browser.ts';
import { hostileBody, startEvil } from '../support/hostile-mail.ts';
import { liveMailbox, MISSING_SWAKS, mailOf, UNLESS_SWAKS } from '../support/live-mailbox.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

/** The title and text of a page, and how wide the picture is that came with the mail, once all that it would fetch was fetched. */
async function shownBy(browser: Browser, show: (page: Awaited<ReturnType<Browser['newPage']>>) => Promise<unknown>) {
  const page = await browser.newPage();
  await show(page);
  await page.waitForLoadState('networkidle');
  await page.locator('#link, a').first().click({ force: true });
  await page.waitForLoadState('networkidle');
  const [title, text] = [await page.title(), await page.locator('body').textContent()];
  const pictures = await page
    .locator('img')
    .evaluateAll((all) => all.map((one) => Number(Reflect.get(one, 'naturalWidth'))));
  await page.close();
  return { title, text, pictures };
}

const missing = CHROMIUM === undefined ? ': skipped, Chromium is not installed' : UNLESS_SWAKS;

describe(`the preview of a hostile mail${missing}`, () => {
  it.skipIf(CHROMIUM === undefined || MISSING_SWAKS !== undefined)(
    'asks nobody, runs nothing, and shows what there is to read',
    async () => {
      await using evil = await startEvil();
      await using mailbox = await liveMailbox();
      const { inboxId } = await mailbox.client.inboxes.create({ username: 'support' });
      await mailbox.send(inboxId, mailOf('<1@y.com>', 'Hostile', ...hostileBody(evil.url)));

      const path = `/api/mailbox/inboxes/${inboxId}/messages/${encodeURIComponent('<1@y.com>')}/preview`;
      const authorization = `Bearer ${mailbox.apiKey}`;
      const answer = await fetch(mailbox.host.url + path, { headers: { authorization } });
      expect(answer.headers.get('content-security-policy')).toContain("sandbox; default-src 'none'; img-src data:");
      const page = await answer.text();
      const browser = await openBrowser();
      try {
        const context = await browser.newContext({ extraHTTPHeaders: { authorization } });
        const shown = await shownBy(browser, (at) =>
          at.setExtraHTTPHeaders({ authorization }).then(() => at.goto(mailbox.host.url + path)),
        );
        await context.close();
        expect(shown).toMatchObject({ title: 'Hostile', text: expect.stringContaining('Hello') });
        expect(shown.text).not.toContain('keys');
        expect(
          shown.pictures.filter((width) => width > 0),
          'the one that came with the mail',
        ).toEqual([1]);
        expect(evil.asked).toEqual([]);

        // What is sanitised is harmless by itself, too: here no policy helps it.
        const bare = page.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '');
        expect(bare).not.toBe(page);
        expect(await shownBy(browser, (at) => at.setContent(bare))).toEqual(shown);
        expect(evil.asked).toEqual([]);
      } finally {
        await browser.close();
      }
    },
    LIVE_MS_MAX,
  );
});
