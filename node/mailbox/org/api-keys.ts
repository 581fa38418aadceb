// Keys that the organization's key makes: their text is told once, and only its digest is kept.
import type { Clock, Random } from '../../../mesh/ports.ts';
import { newUuid } from '../../../mesh/uuid.ts';
import { keyDigest, newKeyText } from '../../keys/key-text.ts';
import { type ApiKey, KEYS_MAX, type KeyMeant } from '../api-key.ts';
import { MailboxError, noSuch } from '../errors.ts';
import type { Listed } from '../list.ts';
import type { Asks, IntakeQuestions, KeysQuestion, QueryQuestions } from '../questions.ts';
import { KEY_MARK } from './organization-key.ts';

/** Characters of a key that are shown of it later: too few to help whoever guesses the rest. */
const PREFIX_CHARACTERS = 8;

export interface ApiKeysParts {
  readonly intake: Asks<IntakeQuestions>;
  readonly query: Asks<QueryQuestions>;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly random: Random;
}

export class ApiKeys {
  readonly #parts: ApiKeysParts;

  constructor(parts: ApiKeysParts) {
    this.#parts = parts;
  }

  /** `text` is the key itself, which nobody is told again. Throws `limit_exceeded`, `not_found`. */
  async create({
    name,
    inboxId,
  }: Pick<ApiKey, 'name' | 'inboxId'>): Promise<{ readonly key: ApiKey; readonly text: string }> {
    const { intake, clock, random } = this.#parts;
    const text = newKeyText(random, KEY_MARK);
    const [keyId, prefix, atMs] = [newUuid(random), text.slice(0, PREFIX_CHARACTERS), clock.wallMs()];
    const added = await intake.ask('addKey', { keyId, prefix, name, inboxId, digest: keyDigest(text), atMs });
    if (added === 'gone') throw noSuch('inbox');
    if (added === 'full') throw new MailboxError('limit_exceeded', `This host keeps at most ${KEYS_MAX} keys.`);
    return { key: { keyId, prefix, name, inboxId, createdAtMs: atMs, updatedAtMs: atMs }, text };
  }

  list(question: KeysQuestion): Promise<Listed<ApiKey>> {
    return this.#parts.query.ask('keys', question);
  }

  /** Throws `not_found`. */
  async get(meant: KeyMeant): Promise<ApiKey> {
    return existing(await this.#parts.query.ask('key', meant));
  }

  /** Throws `not_found`. */
  async rename(meant: KeyMeant, name: string): Promise<ApiKey> {
    const { intake, clock } = this.#parts;
    return existing(await intake.ask('renameKey', { meant, name, atMs: clock.wallMs() }));
  }

  /** From here on it opens nothing. Throws `not_found`. */
  async remove(meant: KeyMeant): Promise<void> {
    if (!(await this.#parts.intake.ask('removeKey', meant))) throw noSuch('key');
  }
}

function existing(key: ApiKey | undefined): ApiKey {
  if (key === undefined) throw noSuch('key');
  return key;
}
