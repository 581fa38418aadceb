// What whoever gets a mail asks this host without a key: for no more mail (RFC 8058), and for the picture that a mail has, which is the same
// whether it is of a mail or not.
import type { Context, Hono } from 'hono';
import type { Clock } from '../../../mesh/ports.ts';
import { pathSegment, readBody } from '../../http/input.ts';
import { wrongField } from '../errors.ts';
import type { Organization } from '../inbox.ts';
import { openedMail, unsubscriberIn } from '../out/mail-links.ts';
import type { Asks, IntakeQuestions } from '../questions.ts';

const BODY_BYTES_MAX = 4 * 1_024;
/** A picture of one transparent point (GIF89a). */
const PICTURE = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
const ASKED = 'List-Unsubscribe=One-Click';

const SAFE_HEADERS = {
  'Cache-Control': 'no-store, no-cache, must-revalidate, private',
  Expires: '0',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
};

export interface MailLinkServices {
  readonly intake: Asks<IntakeQuestions>;
  readonly organization: () => Promise<Organization>;
  readonly clock: Pick<Clock, 'wallMs'>;
}

/** To be put in before the key is asked for. */
export function mailLinkRoutes(app: Hono, { intake, organization, clock }: MailLinkServices): void {
  app.get('/v0/opens/:token', async (c) => {
    const { fileKey } = await organization();
    const id = c.req.method === 'GET' ? openedMail(c.req.param('token'), fileKey) : undefined;
    if (id !== undefined) await intake.ask('noteOpened', { id, atMs: clock.wallMs() });
    return c.body(PICTURE, 200, { ...SAFE_HEADERS, 'Content-Type': 'image/gif' });
  });

  // A link is also followed by programs that look whether it is harmless: only a form that is sent asks for anything.
  app.get('/v0/unsubscribe/:link', (c) => page(c, FORM));

  app.post('/v0/unsubscribe/:link', async (c) => {
    await refuseOther(c);
    const { fileKey } = await organization();
    const who = unsubscriberIn(pathSegment(c, 'link'), fileKey);
    if (who === undefined) return page(c, '<p>This link is not whole. Open it from the mail again.</p>', 404);
    const { isWrittenTo } = await intake.ask('unsubscribe', { ...who, atMs: clock.wallMs() });
    if (isWrittenTo) return page(c, USED_BEFORE, 410);
    return page(c, '<p>You will get no more of these mails.</p>');
  });
}

/** The body of RFC 8058 §3.2, as a form of either kind. Throws `validation_error`. */
async function refuseOther(c: Context): Promise<void> {
  const body = (await readBody(c.req.raw, BODY_BYTES_MAX)) as Uint8Array<ArrayBuffer>;
  const headers = { 'Content-Type': c.req.header('content-type') ?? '' };
  // What is no form has no such member.
  const form = await new Response(body, { headers }).formData().catch(() => undefined);
  if (form?.get('List-Unsubscribe') !== 'One-Click') throw wrongField('body', `must be ${ASKED} (RFC 8058)`);
}

const FORM = `<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
<p><button>Send me no more of these mails</button></p></form>`;

const USED_BEFORE = `<p>This link was used before, and holds once: since then you were let in again, and nothing has changed now.
To get no more of these mails, follow the link of the newest one.</p>`;

function page(c: Context, content: string, status: 200 | 404 | 410 = 200): Response {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="robots" content="noindex"><title>Unsubscribe</title>${content}</html>`;
  return c.body(html, status, { ...SAFE_HEADERS, 'Content-Type': 'text/html; charset=utf-8' });
}
