// The files of a mail that is sent: given with the request, fetched from a URL, or carried along from the mail that is passed on. All of them
// lie in the send module's store before the mail is composed.
import type { Clock } from '../../../mesh/ports.ts';
import { isStructured } from '../../send/attachments/content-type.ts';
import { refuseLineBreaks } from '../../send/header-text.ts';
import { ATTACHMENTS_MAX } from '../../send/limits.ts';
import type { AttachmentPart } from '../../send/message.ts';
import type { Sending } from '../../send/send-service.ts';
import type { Ways } from '../../webhooks/guard/connector.ts';
import type { DraftFile, DraftQuestion } from '../draft.ts';
import { MailboxError, wrongField } from '../errors.ts';
import { partOctets, rawOctets } from '../http/mail-octets.ts';
import type { SendForm } from '../http/send-forms.ts';
import type { MailPart } from '../message.ts';
import { FILES_BYTES_MAX } from '../outgoing-mail.ts';
import type { Asks, QueryQuestions } from '../questions.ts';
import type { WholeMail } from '../stored-mail.ts';
import { FETCHED_BYTES_MAX, fetchAttachment } from './fetch-attachment.ts';

const FILENAME_CHARACTERS_MAX = 255;
const CONTENT_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

export interface AttachedFilesParts {
  readonly sending: Pick<Sending, 'putBlob'>;
  readonly query: Asks<QueryQuestions>;
  /** By which attachments are fetched. */
  readonly ways: Ways & { readonly clock: Clock };
  /** The directory of the mailbox's data. */
  readonly directory: string;
}

type WishedFile = SendForm['attachments'][number];

export class AttachedFiles {
  readonly #parts: AttachedFilesParts;

  constructor(parts: AttachedFilesParts) {
    this.#parts = parts;
  }

  /** `client`: whoever brings them, as far as room is shared out. Throws `validation_error`, `message_rejected`, `limit_exceeded`. */
  async given(files: readonly WishedFile[], client: string): Promise<readonly AttachmentPart[]> {
    const parts: AttachmentPart[] = [];
    for (const [at, file] of files.entries()) parts.push(await this.#part(file, at, client));
    refuseMany(parts);
    return parts;
  }

  /** The attachments of a stored mail. Throws `unprocessable` when they are too many. */
  async carried({ inboxId, messageId, parts }: WholeMail, client: string): Promise<readonly AttachmentPart[]> {
    const { sending, query, directory } = this.#parts;
    if (parts.length === 0) return [];
    if (parts.length > ATTACHMENTS_MAX)
      throw new MailboxError(
        'unprocessable',
        `The mail has ${parts.length} attachments; at most ${ATTACHMENTS_MAX} are passed on.`,
      );
    const octets = await query.ask('octets', { inboxId, messageId });
    if (octets === undefined) throw new MailboxError('not_found', 'The mail has just been deleted.');
    const carried: AttachmentPart[] = [];
    for (const part of parts) {
      const blob = await sending.putBlob(partOctets(directory, octets, part), { bytesMax: FILES_BYTES_MAX, client });
      carried.push({ ...blob, ...describedAs(part) });
    }
    return carried;
  }

  /** The files of a draft. Throws `not_found` when one was taken away. */
  async drafted(meant: DraftQuestion, files: readonly DraftFile[], client: string): Promise<readonly AttachmentPart[]> {
    const { sending, query, directory } = this.#parts;
    const parts: AttachmentPart[] = [];
    for (const { attachmentId } of files) {
      const found = await query.ask('draftFile', { ...meant, attachmentId });
      const kept = found && (await query.ask('draftOctets', { row: found.row, digest: found.file.digest }));
      if (kept === undefined) throw new MailboxError('not_found', 'A file of the draft has just been taken away.');
      const { digest, size, filename, contentType, disposition, contentId } = kept.file;
      const stored = { message: 0, digest, trace: '', content: kept.content, rawSize: size };
      const blob = await sending.putBlob(rawOctets(directory, stored), { bytesMax: FILES_BYTES_MAX, client });
      const described = { contentType, disposition, contentId };
      const said = Object.fromEntries(Object.entries(described).filter(([, value]) => value !== undefined));
      parts.push({ ...blob, filename, ...said });
    }
    return parts;
  }

  async #part(file: WishedFile, at: number, client: string): Promise<AttachmentPart> {
    const { filename, content_type: contentType, content_disposition: disposition, content_id: contentId } = file;
    if (filename !== undefined) refuseLineBreaks(filename, `attachments.${at}.filename`);
    const described = {
      ...(contentType === undefined ? {} : { contentType }),
      ...(disposition === undefined ? {} : { disposition }),
      ...(contentId === undefined ? {} : { contentId }),
    };
    if (file.content !== undefined) {
      const { blob, bytes } = file.content;
      return { ...{ blob, bytes, ...described }, filename: filename ?? `attachment-${at + 1}` };
    }
    const { url = '' } = file;
    const { sending, ways } = this.#parts;
    return await fetchAttachment(url, ways, async ({ contentType: type, octets }) => {
      const blob = await sending.putBlob(octets, { bytesMax: FETCHED_BYTES_MAX, client });
      const told = type !== undefined && CONTENT_TYPE.test(type) && !isStructured(type) ? { contentType: type } : {};
      return { ...blob, ...told, ...described, filename: filename ?? nameIn(url, at) };
    });
  }
}

/** Throws `validation_error`. */
export function refuseMany(parts: readonly AttachmentPart[]): void {
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const words =
    parts.length > ATTACHMENTS_MAX
      ? `are ${parts.length}; at most ${ATTACHMENTS_MAX} are allowed`
      : bytes > FILES_BYTES_MAX
        ? `are ${bytes} octets together; at most ${FILES_BYTES_MAX} are allowed`
        : undefined;
  if (words !== undefined) throw wrongField('attachments', words);
}

/** A mail within the mail goes as a file, whose octets may be encoded. */
function describedAs({ attachmentId, filename, contentType = '', disposition, contentId }: MailPart) {
  const isType = CONTENT_TYPE.test(contentType) && !isStructured(contentType);
  const id = /^[\x21-\x3b\x3d\x3f-\x7e]{1,250}$/.test(contentId ?? '') ? contentId : undefined;
  return {
    filename: lineOf(filename ?? (contentType === 'message/rfc822' ? 'message.eml' : attachmentId)),
    contentType: isType ? contentType : 'application/octet-stream',
    ...(disposition === undefined ? {} : { disposition }),
    ...(id === undefined ? {} : { contentId: id }),
  };
}

function nameIn(url: string, at: number): string {
  const last = new URL(url).pathname.split('/').at(-1) ?? '';
  return lineOf(decoded(last)) || `attachment-${at + 1}`;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Not percent-encoded UTF-8: its letters are its name.
    return segment;
  }
}

function lineOf(name: string): string {
  return name
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .slice(0, FILENAME_CHARACTERS_MAX)
    .trim()
    .toWellFormed();
}
