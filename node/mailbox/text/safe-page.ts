// A mail as a page for people: its HTML made harmless, with the pictures that came inside of it, or its text.
import type { MailPart } from '../message.ts';
import type { WholeMail } from '../stored-mail.ts';
import { PICTURE_TYPES, picturesIn, sanitisedHtml } from './sanitise.ts';

/** Octets of the pictures of one page. */
const PICTURES_BYTES_MAX = 10 * 1024 * 1024;
/** What no browser may do with the page, whoever shows it. */
export const PAGE_POLICY = "sandbox; default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'";

/** `octetsOf`: an attachment of the mail, decoded. */
export async function safePage(
  { subject = '', html, text = '', parts }: Pick<WholeMail, 'subject' | 'html' | 'text' | 'parts'>,
  octetsOf: (part: MailPart) => Promise<Buffer>,
): Promise<string> {
  const pictures = html === undefined ? new Map<string, string>() : await picturesOf(picturesIn(html), parts, octetsOf);
  const body =
    html === undefined ? `<pre>${escaped(text)}</pre>` : sanitisedHtml(html, (contentId) => pictures.get(contentId));
  // A policy of a page's own can't make a sandbox; the answer's header does.
  const policy = PAGE_POLICY.replace('sandbox; ', '');
  return `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer"><title>${escaped(subject)}</title></head><body>${body}</body></html>`;
}

/** By their content ids, as `data:` URLs: the first ones that fit together. */
async function picturesOf(
  contentIds: readonly string[],
  parts: readonly MailPart[],
  octetsOf: (part: MailPart) => Promise<Buffer>,
): Promise<ReadonlyMap<string, string>> {
  const pictures = new Map<string, string>();
  let left = PICTURES_BYTES_MAX;
  for (const contentId of contentIds) {
    const part = parts.find((one) => one.contentId?.replace(/^<|>$/g, '') === contentId);
    const { contentType = '', size = 0 } = part ?? {};
    if (part === undefined || size > left || !PICTURE_TYPES.has(contentType.toLowerCase())) continue;
    left -= size;
    pictures.set(contentId, `data:${contentType.toLowerCase()};base64,${(await octetsOf(part)).toString('base64')}`);
  }
  return pictures;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
