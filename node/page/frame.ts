// What stands around each page: the head, the way to the other pages, who has logged in.
import { DOCS_PATH } from '../http/paths.ts';
import type { Asker } from './asker.ts';
import { action, breakable } from './fragments.ts';
import { type Markup, markup, trusted } from './markup.ts';

/** The pages that the head names, in its order. */
const SECTIONS = [
  ['mesh', '/', 'Mesh'],
  ['addresses', '/page/addresses', 'Addresses'],
  ['subscriptions', '/page/subscriptions', 'Subscriptions'],
  ['conflicts', '/page/conflicts', 'Conflicts'],
  ['sending', '/page/sending', 'Sending'],
  ['mailbox', '/page/mailbox', 'Mailbox'],
  ['changes', '/page/changes', 'Changes'],
  ['settings', '/page/settings', 'Settings'],
  ['docs', DOCS_PATH, 'API'],
] as const;
export type Section = (typeof SECTIONS)[number][0];

export interface View {
  readonly title: string;
  readonly body: Markup;
  /** Kept up to date while somebody looks at it. */
  readonly isLive?: boolean;
  /** Whether it shows another page of this node in a frame. */
  readonly hasFrame?: boolean;
  /** Absent: 200. */
  readonly status?: number;
}

export interface FrameOptions {
  readonly hostId: string;
  readonly version: string;
  readonly nonce: string;
  readonly asker: Asker;
  readonly hasMailbox: boolean;
  /** Absent: no page that the head names. */
  readonly section?: Section | undefined;
  /** What an action has done. */
  readonly said?: string | undefined;
}

export function frame({ title, body, isLive = false }: View, options: FrameOptions): Markup {
  const { hostId, version, nonce, asker, hasMailbox, section, said } = options;
  const links = SECTIONS.filter(([name]) => name !== 'mailbox' || hasMailbox).map(
    ([name, path, label]) =>
      markup`<li><a href="${path}"${name === section ? trusted(' aria-current="page"') : ''}>${label}</a></li>`,
  );
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · ${hostId}</title>
<link rel="icon" href="/page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page/style.css" nonce="${nonce}">
<script src="/page/live.js" nonce="${nonce}" defer></script>
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header>
<div class="top"><a class="brand" href="/"><span aria-hidden="true">◈</span> ${hostId}</a>${who(asker)}</div>
<nav aria-label="Pages"><ul>${links}</ul></nav>
</header>
<main id="main" tabindex="-1">
${said === undefined ? '' : markup`<p class="said" role="status">${said}</p>`}
<div${isLive ? trusted(' data-live') : ''}>
<h1>${breakable(title)}</h1>
${body}
</div>
</main>
<footer>agent email mesh ${version} · all times are UTC</footer>
</body>
</html>
`;
}

function who(asker: Asker): Markup {
  if (asker.name === undefined) return markup`<div class="who"><a href="/page/login">Log in</a></div>`;
  const leave = { to: '/page/logout', label: 'Log out', needs: { method: 'GET', path: '/health' } };
  return markup`<div class="who"><span>${asker.name}</span>${action({ ...asker, refuses: () => undefined }, leave)}</div>`;
}
