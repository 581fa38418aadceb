// What an inbox sends: new mails, answers, and mails that are passed on.
import type { Context } from 'hono';
import type { z } from 'zod';
import { clientAddress } from '../../http/client-address.ts';
import { pathSegment } from '../../http/input.ts';
import type { ReadSendBody } from '../../http/send/send-body.ts';
import type { AttachmentPart } from '../../send/message.ts';
import type { DiskRoom } from '../disk-room.ts';
import { noSuch } from '../errors.ts';
import { refuseFullDisk } from '../http/full-disk.ts';
import { keyOf } from '../http/idempotency-key.ts';
import { checked } from '../http/input.ts';
import type { Routes } from '../http/routes.ts';
import { replyAllForm, replyForm, type SendForm, sendForm } from '../http/send-forms.ts';
import type { Inbox } from '../inbox.ts';
import type { Inboxes } from '../org/inboxes.ts';
import { type AttachedFiles, refuseMany } from '../out/attached-files.ts';
import { forwardedBody } from '../out/forward.ts';
import { withoutPictures } from '../out/mail-links.ts';
import type { Outbox } from '../out/outbox.ts';
import { type Addressed, addressedBy, forwardSubject, type Named, namedBy, replySubject } from '../out/reply.ts';
import { checkedWish, rulesFor } from '../out/wished-mail.ts';
import type { OutgoingKey, SentIds } from '../outgoing-mail.ts';
import type { Asks, QueryQuestions } from '../questions.ts';
import type { WholeMail } from '../stored-mail.ts';

const MESSAGES = '/v0/inboxes/:inbox_id/messages';

export interface SendServices {
  readonly inboxes: Pick<Inboxes, 'get'>;
  readonly query: Asks<QueryQuestions>;
  readonly outbox: Outbox;
  readonly files: AttachedFiles;
  readonly room: Pick<DiskRoom, 'isFull'>;
  readonly readBody: ReadSendBody;
  /** Special-use domains that are mail domains here, in lower case. */
  readonly internalDomains: readonly string[];
  /** Where this host is reached from everywhere. */
  readonly publicUrl: string | undefined;
}

/** A request as it came, and what it answers or passes on. */
interface Asked {
  readonly inbox: Inbox;
  readonly form: SendForm;
  readonly key: OutgoingKey | undefined;
  readonly client: string;
  readonly named?: Named;
  readonly derived?: Addressed;
  readonly carried?: readonly AttachmentPart[];
  readonly threadId?: string;
}

export function sendRoutes(routes: Routes, services: SendServices): void {
  const sends = new Sends(services);

  routes.add('POST', `${MESSAGES}/send`, 'message_send', async (c) =>
    c.json(sentBody(await sends.send(await sends.begin(c, sendForm)))),
  );

  routes.add('POST', `${MESSAGES}/:message_id/reply`, 'message_send', async (c) => {
    const asked = await sends.begin(c, replyForm);
    const { reply_all: isToAll = false, ...form } = asked.form;
    return c.json(sentBody(await sends.answer({ ...asked, form }, pathSegment(c, 'message_id'), isToAll)));
  });

  routes.add('POST', `${MESSAGES}/:message_id/reply-all`, 'message_send', async (c) => {
    const asked = await sends.begin(c, replyAllForm);
    return c.json(sentBody(await sends.answer(asked, pathSegment(c, 'message_id'), true)));
  });

  routes.add('POST', `${MESSAGES}/:message_id/forward`, ['message_read', 'message_send'], async (c) => {
    const asked = await sends.begin(c, sendForm);
    return c.json(sentBody(await sends.passOn(asked, pathSegment(c, 'message_id'))));
  });
}

class Sends {
  readonly #services: SendServices;

  constructor(services: SendServices) {
    this.#services = services;
  }

  /** What every request has. */
  async begin<Schema extends z.ZodType>(c: Context, schema: Schema) {
    const { inboxes, room, readBody } = this.#services;
    const inbox = await inboxes.get(pathSegment(c, 'inbox_id'));
    await refuseFullDisk(room);
    const client = clientAddress(c);
    const form = checked(schema, await readBody(c.req.raw, client), 'body');
    return { inbox, client, form, key: keyOf(c, [c.req.path, inbox.inboxId, form]) };
  }

  async send(asked: Asked): Promise<SentIds> {
    return (await this.#known(asked)) ?? (await this.#compose(asked));
  }

  async #compose(asked: Asked): Promise<SentIds> {
    const { outbox, files } = this.#services;
    const { inbox, form, key, client, named, derived = NOBODY, carried = [], threadId } = asked;
    const mail = checkedWish({ form, derived, ...this.#rules(inbox) });
    const all = [...(await files.given(form.attachments, client)), ...carried];
    refuseMany(all);
    return await outbox.send({ inbox, mail, files: all, named, threadId, key });
  }

  async answer(asked: Asked, messageId: string, isToAll: boolean): Promise<SentIds> {
    const { inboxId } = asked.inbox;
    const known = await this.#known(asked);
    if (known !== undefined) return known;
    const mail = await this.#mailOf(inboxId, messageId);
    const answered = { ...mail, isOwn: mail.labels.includes('sent') };
    const derived = addressedBy(answered, inboxId, isToAll);
    const form = { ...asked.form, subject: replySubject(mail.subject) };
    return await this.#compose({ ...asked, form, derived, named: namedBy(answered), threadId: mail.threadId });
  }

  async passOn(asked: Asked, messageId: string): Promise<SentIds> {
    const { files, publicUrl } = this.#services;
    const known = await this.#known(asked);
    if (known !== undefined) return known;
    const mail = await this.#mailOf(asked.inbox.inboxId, messageId);
    const { subject = forwardSubject(mail.subject) } = asked.form;
    const passedOn = mail.html === undefined ? mail : { ...mail, html: withoutPictures(mail.html, publicUrl) };
    const form = { ...asked.form, ...forwardedBody(asked.form, passedOn), subject };
    // Whoever names nobody is told so before anything is copied.
    checkedWish({ form, derived: NOBODY, ...this.#rules(asked.inbox) });
    const carried = await files.carried(mail, asked.client);
    const { references } = namedBy({ ...mail, isOwn: false });
    return await this.#compose({ ...asked, form, carried, named: { references }, threadId: mail.threadId });
  }

  /** What the same request has sent before, which has its files; the mail that it answers may be gone by now. */
  async #known({ key, form }: Asked): Promise<SentIds | undefined> {
    const { outbox } = this.#services;
    const known = key && (await outbox.known(key));
    if (known !== undefined) await outbox.forgo(form.attachments.flatMap(({ content }) => content ?? []));
    return known;
  }

  #rules(inbox: Inbox) {
    const { internalDomains, publicUrl } = this.#services;
    return { rules: rulesFor(inbox, internalDomains), hasPublicUrl: publicUrl !== undefined };
  }

  async #mailOf(inboxId: string, messageId: string): Promise<WholeMail> {
    const mail = await this.#services.query.ask('mail', { inboxId, messageId });
    if (mail === undefined) throw noSuch('message');
    return mail;
  }
}

const NOBODY: Addressed = { to: [], cc: [] };

export function sentBody({ messageId, threadId }: SentIds) {
  return { message_id: messageId, thread_id: threadId };
}
