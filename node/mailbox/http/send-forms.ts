// The bodies of what is sent, answered and passed on, after the contents of their attachments were put away.
import { z } from 'zod';
import { boundedRecord } from '../../../mesh/json/bounded-record.ts';
import { SpooledContent } from '../../send/attachments/blob-store.ts';
import { isStructured } from '../../send/attachments/content-type.ts';
import { ATTACHMENTS_MAX, RECIPIENTS_MAX } from '../../send/limits.ts';
import { LABELS_MAX } from '../label.ts';

const FILENAME_CHARACTERS_MAX = 255;
const URL_CHARACTERS_MAX = 2_000;
const ADDRESS_CHARACTERS_MAX = 2_000;
/** Headers that are looked at to say what is wrong with them. */
const HEADERS_READ_MAX = 500;
const CONTENT_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

const address = z.string().max(ADDRESS_CHARACTERS_MAX);
export const addresses = z
  .union([address.transform((one) => [one]), z.array(address).max(RECIPIENTS_MAX)], {
    error: `must be an address, like Ann <ann@x.com>, or a list of at most ${RECIPIENTS_MAX}`,
  })
  .optional();

export const attachment = z
  .strictObject({
    filename: z.string().min(1).max(FILENAME_CHARACTERS_MAX).optional(),
    content_type: z
      .string()
      .regex(CONTENT_TYPE, 'must be type/subtype, without parameters')
      .refine((type) => !isStructured(type), 'must not be multipart/… or message/…: use application/octet-stream')
      .optional(),
    content_disposition: z.enum(['inline', 'attachment']).optional(),
    content_id: z
      .string()
      .regex(/^<?[\x21-\x3b\x3d\x3f-\x7e]{1,250}>?$/, 'must be of printable ASCII without spaces')
      .transform((id) => id.replaceAll(/[<>]/g, ''))
      .optional(),
    content: z.instanceof(SpooledContent, { error: 'must be base64' }).optional(),
    url: z.string().max(URL_CHARACTERS_MAX).optional(),
  })
  .refine(
    ({ content, url }) => (content === undefined) !== (url === undefined),
    'needs content (base64) or url, one of the two',
  );

const ANSWER = {
  labels: z
    .union([z.string().transform((label) => [label]), z.array(z.string()).max(LABELS_MAX)], {
      error: `must be a label, or a list of at most ${LABELS_MAX}`,
    })
    .optional()
    .default([]),
  reply_to: addresses,
  text: z.string().optional(),
  html: z.string().optional(),
  attachments: z.array(attachment).max(ATTACHMENTS_MAX).optional().default([]),
  headers: boundedRecord(z.record(z.string(), z.string()), HEADERS_READ_MAX).optional(),
  track_opens: z.boolean().optional(),
  /** JSON between agents, which goes as a part of its own. */
  payload: z.unknown().optional(),
};
const RECIPIENTS = { to: addresses, cc: addresses, bcc: addresses };

export const sendForm = z.strictObject({ ...ANSWER, ...RECIPIENTS, subject: z.string().optional() });
export const replyForm = z.strictObject({ ...ANSWER, ...RECIPIENTS, reply_all: z.boolean().optional() });
export const replyAllForm = z.strictObject(ANSWER);

/** What all of them may say. */
export type SendForm = z.output<typeof sendForm>;
