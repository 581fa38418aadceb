// The bodies of drafts, after the contents of their attachments were put away.
import { z } from 'zod';
import { ATTACHMENTS_MAX } from '../../send/limits.ts';
import { LABELS_MAX } from '../label.ts';
import { PAGE_PARAMETERS } from './input.ts';
import { LABEL_MEMBERS } from './label-change.ts';
import { listParameter, timeParameter } from './mail-parameters.ts';
import { addresses, attachment } from './send-forms.ts';

const ID_CHARACTERS_MAX = 1_000;

const time = z.iso
  .datetime({ offset: true, error: 'must be a time, like 2026-11-28T09:00:00.000Z' })
  .transform((text) => Date.parse(text));
const text = z.string();
const messageId = z.string().min(1).max(ID_CHARACTERS_MAX);
const attachments = z.array(attachment).max(ATTACHMENTS_MAX).optional().default([]);

export const draftForm = z
  .strictObject({
    labels: z
      .union([text.transform((label) => [label]), z.array(text).max(LABELS_MAX)], {
        error: `must be a label, or a list of at most ${LABELS_MAX}`,
      })
      .optional()
      .default([]),
    ...{ reply_to: addresses, to: addresses, cc: addresses, bcc: addresses },
    ...{ subject: text.optional(), text: text.optional(), html: text.optional(), attachments },
    ...{ in_reply_to: messageId.optional(), forward_of: messageId.optional(), reply_all: z.boolean().optional() },
    send_at: time.optional(),
    client_id: text.regex(/^[A-Za-z0-9\-._~]{1,256}$/, 'must be 1 to 256 of A–Z, a–z, 0–9, -, ., _ and ~').optional(),
  })
  .refine((form) => form.in_reply_to === undefined || form.forward_of === undefined, {
    error: 'is not taken beside in_reply_to: a draft answers a message, or passes one on',
    path: ['forward_of'],
  })
  .refine((form) => form.reply_all !== true || form.in_reply_to !== undefined, {
    error: 'needs in_reply_to',
    path: ['reply_all'],
  })
  .refine((form) => form.reply_all !== true || [form.to, form.cc, form.bcc].every((one) => one === undefined), {
    error: 'goes to all whom the message names: leave out to, cc and bcc, or reply_all',
    path: ['reply_all'],
  });

export const draftChange = z
  .strictObject({
    ...{
      reply_to: addresses.nullable(),
      to: addresses.nullable(),
      cc: addresses.nullable(),
      bcc: addresses.nullable(),
    },
    ...{ subject: text.nullable().optional(), text: text.nullable().optional(), html: text.nullable().optional() },
    add_attachments: attachments,
    remove_attachments: z.array(z.string().min(1).max(ID_CHARACTERS_MAX)).max(ATTACHMENTS_MAX).optional().default([]),
    ...LABEL_MEMBERS,
    send_at: time.nullable().optional(),
  })
  .refine(changesSomething, 'changes nothing: name a member, and null to clear it');

export const draftSending = z.strictObject(LABEL_MEMBERS);

export const draftParameters = z.strictObject({
  ...PAGE_PARAMETERS,
  ...{ labels: listParameter, before: timeParameter, after: timeParameter },
});

export type DraftForm = z.output<typeof draftForm>;
export type DraftChangeForm = z.output<typeof draftChange>;

/** An empty list of addresses clears, as `null` does; an empty list of what is added or taken away says nothing. */
function changesSomething(form: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(form).some(([name, value]) =>
    /^(add|remove)_/.test(name) ? (value as readonly unknown[]).length > 0 : value !== undefined,
  );
}
