// What a mail carries for whoever gets it, at the URL under which this host is reached from everywhere: the way out of further mail (RFC 2369,
// RFC 8058), and the picture by which it is known that the mail was opened. Each is in a mail only when its sender asks for it.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { anyAddressKey } from '../../../mesh/address/identity.ts';
import type { Random } from '../../../mesh/ports.ts';
import { wrongField } from '../errors.ts';
import { isUnsubscribeToken, type Unsubscriber, unsubscribeAddress, unsubscribeToken } from '../unsubscribe.ts';
import type { WishedMail } from './wished-mail.ts';

const OPENS = '/v0/opens/';
const UNSUBSCRIBE = '/v0/unsubscribe/';
/** Whatever domain it is at. */
const PICTURE = /<img src="https?:[^"<>]{1,2000}\/v0\/opens\/[\w-]{43}" width="1" height="1" alt="">/g;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const PROOF_BYTES = 16;
const ID_BYTES = 16;

export interface MailLinksParts {
  /** Without a slash at its end; absent: nobody outside knows this host by HTTP. */
  readonly publicUrl: string | undefined;
  /** Where the picture of a mail is, as its domain may have it. */
  readonly pictureUrl: string | undefined;
  /** Key of the organization. */
  readonly key: Uint8Array;
  readonly random: Pick<Random, 'bytes'>;
}

type Header = readonly [name: string, value: string];

/**
 * Headers and HTML of a mail, with what its sender wants it to carry for whoever gets it. `id`: of the outgoing mail. Throws `validation_error`
 * when it has no place for that.
 */
export async function withLinks(
  mail: WishedMail,
  { id, inboxId }: { readonly id: string; readonly inboxId: string },
  links: (inboxId: string) => Promise<MailLinksParts>,
): Promise<Pick<WishedMail, 'headers' | 'html'>> {
  const { headers, html, offersUnsubscribing, tracksOpens } = mail;
  if (!offersUnsubscribing && !tracksOpens) return { headers, html };
  const parts = await links(inboxId);
  const [address = ''] = [...mail.to, ...mail.cc, ...mail.bcc].map((one) => one.address);
  const added = offersUnsubscribing ? unsubscribeHeaders({ inboxId, address }, parts) : [];
  if (offersUnsubscribing && added.length === 0) {
    const words = `can't be 'auto': '${inboxId}' is too long to have a token in it, and there is no --mailbox-public-url`;
    throw wrongField('headers.List-Unsubscribe', words);
  }
  return { headers: [...headers, ...added], html: tracksOpens && html ? withPicture(html, id, parts) : html };
}

/** Headers by which `who` asks for no more mail; none: there is no room for the token, and no URL. */
function unsubscribeHeaders(who: Unsubscriber, { publicUrl, key, random }: MailLinksParts): readonly Header[] {
  const token = unsubscribeToken(who, key, random);
  const address = unsubscribeAddress(who.inboxId, token);
  const isSecure = publicUrl?.startsWith('https:') === true;
  const link = isSecure ? [`<${publicUrl}${UNSUBSCRIBE}${linkText(who, token)}>`] : [];
  const mail = address === undefined ? [] : [`<mailto:${inUrl(address)}?subject=unsubscribe>`];
  if (link.length + mail.length === 0) return [];
  const oneClick: readonly Header[] = isSecure ? [['List-Unsubscribe-Post', 'List-Unsubscribe=One-Click']] : [];
  return [['List-Unsubscribe', [...link, ...mail].join(', ')], ...oneClick];
}

const named = z.tuple([z.string(), z.string(), z.string()]);

/** Who asks for no more mail by a link's last segment, and the token; `undefined`: this host has not made it. */
export function unsubscriberIn(text: string, key: Uint8Array): (Unsubscriber & { readonly token: string }) | undefined {
  const parsed = named.safeParse(jsonIn(text));
  if (!parsed.success) return undefined;
  const [inboxId, address, token] = parsed.data;
  return isUnsubscribeToken(token, { inboxId, address }, key) ? { inboxId, address, token } : undefined;
}

/** HTML with the picture of a mail in it. `id`: of the outgoing mail. */
function withPicture(html: string, id: string, { pictureUrl, key }: MailLinksParts): string {
  const image = `<img src="${pictureUrl}${OPENS}${openToken(id, key)}" width="1" height="1" alt="">`;
  // A capital letter may become two small ones, so the places of a copy in lower case are not those of the text.
  const end = [...html.matchAll(/<\/body/gi)].at(-1)?.index ?? -1;
  return end === -1 ? `${html}${image}` : `${html.slice(0, end)}${image}${html.slice(end)}`;
}

/** HTML without pictures of this host: what is passed on tells nobody that it is read. */
export function withoutPictures(html: string, publicUrl: string | undefined): string {
  return publicUrl === undefined ? html : html.replaceAll(PICTURE, '');
}

/** The mail that a token stands for; `undefined`: this host has not made it. */
export function openedMail(token: string, key: Uint8Array): string | undefined {
  const octets = Buffer.from(token, 'base64url');
  if (octets.length !== ID_BYTES + PROOF_BYTES || octets.toString('base64url') !== token) return undefined;
  const id = octets.subarray(0, ID_BYTES);
  return timingSafeEqual(octets.subarray(ID_BYTES), openProof(id, key)) ? uuidOf(id) : undefined;
}

function openToken(id: string, key: Uint8Array): string {
  if (!UUID.test(id)) throw new Error(`'${id}' is no id of an outgoing mail.`);
  const octets = Buffer.from(id.replaceAll('-', ''), 'hex');
  return Buffer.concat([octets, openProof(octets, key)]).toString('base64url');
}

function openProof(id: Uint8Array, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update('opened').update(id).digest().subarray(0, PROOF_BYTES);
}

function uuidOf(octets: Buffer): string {
  return octets.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function linkText({ inboxId, address }: Unsubscriber, token: string): string {
  return Buffer.from(JSON.stringify([inboxId, address, token])).toString('base64url');
}

/** An address as a URL has it (RFC 6068): its domain in ASCII. */
function inUrl(address: string): string {
  const at = address.lastIndexOf('@');
  const key = anyAddressKey(address) ?? address;
  return `${encodeURIComponent(address.slice(0, at)).replaceAll('%2B', '+')}@${key.slice(key.lastIndexOf('@') + 1)}`;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    // Not of this host, as any other text that does not fit.
    return undefined;
  }
}
