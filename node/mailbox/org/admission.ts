// Who is let in at `/v0`: whoever shows the organization's own key, or one that was made with it. What a key opens is asked of the database
// at each request, so that one that was deleted, or whose inbox was, opens nothing from then on.
import type { Clock } from '../../../mesh/ports.ts';
import { Seldom } from '../../../mesh/time/seldom.ts';
import { keyDigest } from '../../keys/key-text.ts';
import type { Log } from '../../log.ts';
import type { Caller } from '../api-key.ts';
import { MailboxError, mailboxErrorOf } from '../errors.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../questions.ts';
import { KEY_MARK, type OrganizationKey } from './organization-key.ts';

/** Milliseconds between two notes of a key's use: each is a write. */
const USE_NOTED_MS = 60_000;
const FIX = 'Show the key in data/mailbox/org-key, or MESH_TOKEN where one is set, as "Authorization: Bearer …".';

export interface AdmissionParts {
  readonly organizationKey: Pick<OrganizationKey, 'isText' | 'id'>;
  readonly intake: Asks<IntakeQuestions>;
  readonly query: Asks<QueryQuestions>;
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  readonly log: Log;
}

export class Admission {
  readonly #parts: AdmissionParts;
  /** Keys whose use was written down lately. */
  readonly #noted = new Seldom<string>(USE_NOTED_MS);

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** `authorization`: the field of that name. Throws `missing_authorization` or `unknown_api_key`. */
  async admit(authorization: string | undefined): Promise<Caller> {
    const text = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (text === undefined)
      throw new MailboxError('missing_authorization', 'The request shows no API key.', { fix: FIX });
    return await this.admitText(text);
  }

  /** `text`: the key as it was made. Throws `unknown_api_key`. */
  async admitText(text: string): Promise<Caller> {
    const { organizationKey, query } = this.#parts;
    if (organizationKey.isText(text)) return { keyId: organizationKey.id };
    // Found by its digest, whose order tells nothing of the key's.
    const key = text.startsWith(KEY_MARK) ? await query.ask('keyWithDigest', keyDigest(text)) : undefined;
    if (key === undefined) throw new MailboxError('unknown_api_key', 'The API key is none of this host.', { fix: FIX });
    const { keyId, podId, inboxId, permissions } = key;
    void this.#noteUse(keyId);
    return { keyId, apiKeyId: keyId, podId, inboxId, permissions };
  }

  /** Never rejects: nobody waits for it. */
  async #noteUse(keyId: string): Promise<void> {
    const { intake, clock, log } = this.#parts;
    if (!this.#noted.isTime(keyId, clock.monotonicMs())) return;
    try {
      await intake.ask('noteKeyUse', { keyId, atMs: clock.wallMs() });
    } catch (error) {
      const expected = mailboxErrorOf(error);
      log.warn('mailbox.use_unnoted', { message: expected?.message ?? String(error), keyId });
    }
  }
}
