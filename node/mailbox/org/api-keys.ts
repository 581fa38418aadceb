// Keys that other keys make: their text is told once, and only its digest is kept. None may do more than the one that makes, changes or deletes it.
import type { Clock, Random } from '../../../mesh/ports.ts';
import { newUuid } from '../../../mesh/uuid.ts';
import { keyDigest, newKeyText } from '../../keys/key-text.ts';
import {
  type AddedKey,
  type ApiKey,
  type Caller,
  KEY_LINE_MAX,
  KEYS_MAX,
  type KeyChange,
  type KeyMeant,
  type KeyRefused,
} from '../api-key.ts';
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
   * `text` is the key itself, which nobody is told again. It opens no more than its maker's key does, whatever that opens later. Throws
   * `permission_escalation`, `unrestricted_key_required`, `limit_exceeded`, `not_found`, `unknown_api_key`.
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
    const added = await intake.ask('addKey', { ...made, digest: keyDigest(text), maker: maker.apiKeyId, atMs });
    if (added !== 'added') throw notAdded(added, scope);
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
    if (answer.outcome === 'beyond') throw beyondItsMaker(answer.excess);
    if (answer.outcome !== 'changed') throw refusalOf(answer);
    if (permissions !== undefined) for (const keyId of answer.keyIds) changed(keyId, false);
    return answer.key;
  }

  /** From here on neither it nor what was made with it opens anything. Throws `permission_escalation`, `unrestricted_key_required`, `not_found`. */
  async remove(meant: KeyMeant, by: Caller): Promise<void> {
    const answer = await this.#parts.intake.ask('removeKey', { meant, by: by.permissions });
    if (answer.outcome !== 'deleted') throw refusalOf(answer);
    for (const keyId of answer.keyIds) this.#parts.changed(keyId, true);
  }
}

function notAdded(added: Exclude<AddedKey, 'added'>, { inboxId }: Scope): MailboxError {
  switch (added) {
    case 'gone':
      return noSuch(inboxId === undefined ? 'pod' : 'inbox');
    case 'full':
      return new MailboxError('limit_exceeded', `This host keeps at most ${KEYS_MAX} keys.`);
    case 'long':
      return new MailboxError(
        'limit_exceeded',
        `Your key is the last of ${KEY_LINE_MAX} of which each has made the next.`,
        {
          fix: 'Ask with a key that stands before it, or with that of the organization.',
        },
      );
    case 'unmade':
      return new MailboxError('unknown_api_key', 'The API key was deleted meanwhile, so it makes none any more.');
  }
}

/** A permission that would open nothing, as its maker's key has it not. */
function beyondItsMaker(excess: Excess): MailboxError {
  const what = excess === 'all' ? 'everything' : `'${excess}'`;
  const message = `The key that made this one may not do ${what}, so this one can't either.`;
  return new MailboxError('permission_escalation', message, {
    fix: 'Give it to the key that made this one first, or make another one with a key that has it.',
  });
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
