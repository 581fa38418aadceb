// Downloads of mails and attachments, by links that need no key.
import type { Context, Hono } from 'hono';
import type { Clock } from '../../../mesh/ports.ts';
import { pathSegment } from '../../http/input.ts';
import type { DraftQuestion } from '../draft.ts';
import { noSuch } from '../errors.ts';
import { askedOrigin } from '../http/asked-origin.ts';
import { type LinkedDraftFile, type LinkedFile, linkedFile, linkTo } from '../http/file-links.ts';
import { partOctets, rawOctets } from '../http/mail-octets.ts';
import type { Organization } from '../inbox.ts';
import { partBody, timeText } from '../mail-bodies.ts';
import type { MailPart } from '../message.ts';
import type { Asks, QueryQuestions } from '../questions.ts';
import type { PartQuestion } from '../stored-mail.ts';

export interface FileServices {
  readonly query: Asks<QueryQuestions>;
  readonly organization: () => Promise<Organization>;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** The directory of the mailbox's data. */
  readonly directory: string;
  /** URLs under which this host is known. */
  readonly urls: () => readonly string[];
}

/** A browser shows none of it: what a stranger has sent must not run as a page of this node. */
const SAFE_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "sandbox; default-src 'none'",
  'Cache-Control': 'private, no-store',
};

export class AttachmentLinks {
  readonly #services: FileServices;

  constructor(services: FileServices) {
    this.#services = services;
  }

  /** The link to a file, at the place that was asked. */
  async to(
    file: LinkedFile | LinkedDraftFile,
    c: Context,
  ): Promise<{ readonly download_url: string; readonly expires_at: string }> {
    const { organization, clock, urls } = this.#services;
    const { token, endsAtMs } = linkTo(file, (await organization()).fileKey, clock.wallMs());
    return { download_url: `${askedOrigin(c, urls())}/v0/files/${token}`, expires_at: timeText(endsAtMs) };
  }

  /** An attachment with its link. Throws `not_found`. */
  async toPart(question: PartQuestion, c: Context) {
    const found = await this.#services.query.ask('part', question);
    if (found === undefined) throw noSuch('attachment');
    return { ...partBody(found.part), ...(await this.to(found, c)) };
  }

  /** A file of a draft with its link. Throws `not_found`. */
  async toDraftFile(question: DraftQuestion & { readonly attachmentId: string }, c: Context) {
    const found = await this.#services.query.ask('draftFile', question);
    if (found === undefined) throw noSuch('attachment');
    const { row, file } = found;
    return { ...partBody(file), ...(await this.to({ draftFile: row, digest: file.digest }, c)) };
  }
}

/** To be put in before the key is asked for. */
export function fileRoutes(app: Hono, { query, organization, clock, directory }: FileServices): void {
  app.get('/v0/files/:token', async (c) => {
    const file = linkedFile(pathSegment(c, 'token'), (await organization()).fileKey, clock.wallMs());
    if (file === undefined) throw noSuch('file');
    if ('draftFile' in file) {
      const kept = await query.ask('draftOctets', { row: file.draftFile, digest: file.digest });
      if (kept === undefined) throw noSuch('file');
      const stored = {
        message: 0,
        digest: kept.file.digest,
        trace: '',
        content: kept.content,
        rawSize: kept.file.size,
      };
      return c.body(rawOctets(directory, stored), 200, headersOf(typeOf(kept.file), nameOf(kept.file)));
    }
    const octets = await query.ask('octets', { message: file.message, digest: file.digest });
    if (octets === undefined) throw noSuch('file');
    if (file.number === undefined)
      return c.body(rawOctets(directory, octets), 200, headersOf('message/rfc822', 'message.eml'));
    const found = await query.ask('linkedPart', { message: file.message, number: file.number });
    if (found === undefined) throw noSuch('file');
    return c.body(partOctets(directory, octets, found.part), 200, headersOf(typeOf(found.part), nameOf(found.part)));
  });
}

function headersOf(contentType: string, filename: string) {
  const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(filename)}`;
  return { ...SAFE_HEADERS, 'Content-Type': contentType, 'Content-Disposition': disposition };
}

/** What is no media type (RFC 9110 section 8.3.1) is octets. */
function typeOf({ contentType = '' }: Pick<MailPart, 'contentType'>): string {
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(contentType) ? contentType : 'application/octet-stream';
}

function nameOf({ filename, attachmentId }: Pick<MailPart, 'filename' | 'attachmentId'>): string {
  return (filename ?? attachmentId).toWellFormed();
}
