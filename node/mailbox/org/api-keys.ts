// Keys that other keys make: their text is told once, and only its digest is kept. None may do more than the one that makes, changes or deletes it.
import type { Clock, Random } from '../../../mesh/ports.ts';
import { newUuid } from '../../../mesh/uuid.ts';
import { keyDigest, newKeyText } from '../../keys/key-text.ts';
import { type ApiKey, type Caller, KEYS_MAX, type KeyChange, type KeyMeant, type KeyRefused } from '../api-key.ts';
import { MailboxError, noSuch } from '../errors.ts';
import type { Listed } from '../list.ts';
import { type Excess, excessOf, type Permissions } from '../permission.ts';
import type { Asks, IntakeQuestions, KeysQuestion, QueryQuestions } from '../questions.ts';
import type { Scope } from '../scope.ts';
import { KEY_MARK } from './organization-key.ts';

/** Characters of a key that are shown of it later: too few to help whoever guesses the rest. */
const PREFIX_CHARACTERS = 8;

export interface ApiKeysParts {
  readonly intake: Asks<IntakeQuestions>;
  readonly query: Asks<QueryQuestions>;
  /** Called when a key opens nothing any more, or other things than before. */
  readonly changed: (keyId: string, isGone: boolean) => void;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly random: Random;
}

export interface KeyWish extends Pick<ApiKey, 'name' | 'permissions'> {
  /** What it opens: no more than the maker's key does, which the route has seen to. */
  readonly scope: Scope;
}

export class ApiKeys {
  readonly #parts: ApiKeysParts;

  constructor(parts: ApiKeysParts) {
    this.#parts = parts;
  }

  /**
   * `text` is the key itself, which nobody is told again. Throws `permission_escalation`, `unrestricted_key_required`, `limit_exceeded`,
   * `not_found`.
   */
  async create(
    { name, permissions, scope }: KeyWish,
    maker: Caller,
  ): Promise<{ readonly key: ApiKey; readonly text: string }> {
    refuseExcess(permissions, maker);
    const { intake, clock, random } = this.#parts;
    const { podId, inboxId } = scope;
    const text = newKeyText(random, KEY_MARK);
    const [keyId, prefix, atMs] = [newUuid(random), text.slice(0, PREFIX_CHARACTERS), clock.wallMs()];
    const made = { keyId, prefix, name, podId, inboxId, permissions };
    const added = await intake.ask('addKey', { ...made, digest: keyDigest(text), atMs });
    if (added === 'gone') throw noSuch(inboxId === undefined ? 'pod' : 'inbox');
    if (added === 'full') throw new MailboxError('limit_exceeded', `This host keeps at most ${KEYS_MAX} keys.`);
    return { key: { ...made, createdAtMs: atMs, updatedAtMs: atMs }, text };
  }

  list(question: KeysQuestion): Promise<Listed<ApiKey>> {
    return this.#parts.query.ask('keys', question);
  }

  /** Throws `not_found`. */
  async get(meant: KeyMeant): Promise<ApiKey> {
    return existing(await this.#parts.query.ask('key', meant));
  }

  /** Throws `permission_escalation`, `unrestricted_key_required`, `not_found`. */
  async change({ meant, name, permissions }: Omit<KeyChange, 'atMs' | 'by'>, by: Caller): Promise<ApiKey> {
    const { intake, clock, changed } = this.#parts;
    existing(await this.#parts.query.ask('key', meant));
    if (permissions !== undefined) refuseExcess(permissions, by);
    const change = { meant, name, permissions, by: by.permissions, atMs: clock.wallMs() };
    const answer = await intake.ask('changeKey', change);
    if (answer.outcome !== 'changed') throw refusalOf(answer);
    if (permissions !== undefined) changed(meant.keyId, false);
    return answer.key;
  }

  /** From here on it opens nothing. Throws `permission_escalation`, `unrestricted_key_required`, `not_found`. */
  async remove(meant: KeyMeant, by: Caller): Promise<void> {
    const answer = await this.#parts.intake.ask('removeKey', { meant, by: by.permissions });
    if (answer.outcome !== 'deleted') throw refusalOf(answer);
    this.#parts.changed(meant.keyId, true);
  }
}

function refusalOf(refused: KeyRefused): MailboxError {
  return refused.outcome === 'gone' ? noSuch('key') : untouchable(refused.excess);
}

/** A key that may do more than the one that asks could otherwise be taken from whoever has it, or be made weaker. */
function untouchable(excess: Excess): MailboxError {
  const fix = 'Ask with a key that may do all that this one may.';
  if (excess === 'all')
    return new MailboxError('unrestricted_key_required', 'This key may do everything, and yours may not.', { fix });
  const message = `This key has the permission '${excess}', and yours has not, so it can't change or delete it.`;
  return new MailboxError('permission_escalation', message, { fix });
}

function refuseExcess(permissions: Permissions | undefined, maker: Caller): void {
  const excess = excessOf(permissions, maker.permissions);
  if (excess === undefined) return;
  if (excess === 'all')
    throw new MailboxError(
      'unrestricted_key_required',
      'A key without permissions may do everything, and yours may not.',
      {
        fix: 'Name the permissions that the key shall have.',
      },
    );
  throw new MailboxError('permission_escalation', `Your key has not the permission '${excess}', so it can't give it.`, {
    fix: `Leave '${excess}' out, or ask with a key that has it.`,
  });
}

function existing(key: ApiKey | undefined): ApiKey {
  if (key === undefined) throw noSuch('key');
  return key;
}
