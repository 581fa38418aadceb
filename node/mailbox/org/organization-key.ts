// The key that opens everything at `/v0`: the node's own MESH_TOKEN or, where there is none, one that the first start writes down.
import { timingSafeEqual } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../../mesh/ports.ts';
import { keyDigest, newKeyText } from '../../keys/key-text.ts';
import { makeOwnDirectory, writeFileDurably } from '../../machine/own-files.ts';
import { readPrivateFile } from '../../machine/private-file.ts';
import { MailboxError } from '../errors.ts';

const MARK = 'am_';

export interface OrganizationKeyOptions {
  /** The directory of the mailbox's data. */
  readonly directory: string;
  readonly token: string | undefined;
  readonly random: Random;
}

/** Lets in whoever shows the organization's key. */
export class OrganizationKey {
  readonly #digest: Buffer;
  /** What the clients that show it are counted by. */
  readonly id: string;

  private constructor(text: string) {
    const digest = keyDigest(text);
    this.#digest = Buffer.from(digest, 'latin1');
    this.id = digest;
  }

  /** Throws `invalid_request` when the file is not this user's alone. */
  static open({ directory, token, random }: OrganizationKeyOptions): OrganizationKey {
    if (token !== undefined) return new OrganizationKey(token);
    const path = join(directory, 'org-key');
    makeOwnDirectory(directory);
    if (!existsSync(path)) writeFileDurably(path, `${newKeyText(random, MARK)}\n`);
    return new OrganizationKey(readPrivateFile(path, "The mailbox's key file").trim());
  }

  /** Throws `missing_authorization` or `unknown_api_key`. */
  admit(authorization: string | undefined): void {
    const text = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    const fix = 'Show the key in data/mailbox/org-key, or MESH_TOKEN where one is set, as "Authorization: Bearer …".';
    if (text === undefined) throw new MailboxError('missing_authorization', 'The request shows no API key.', { fix });
    if (timingSafeEqual(Buffer.from(keyDigest(text), 'latin1'), this.#digest)) return;
    throw new MailboxError('unknown_api_key', 'The API key is none of this host.', { fix });
  }
}
