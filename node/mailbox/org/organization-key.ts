// The key that opens everything at `/v0`: the node's own MESH_TOKEN or, where there is none, one that the first start writes down.
import { timingSafeEqual } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../../mesh/ports.ts';
import { keyDigest, newKeyText } from '../../keys/key-text.ts';
import { makeOwnDirectory, writeFileDurably } from '../../machine/own-files.ts';
import { readPrivateFile } from '../../machine/private-file.ts';

/** What the keys of this door begin with. */
export const KEY_MARK = 'am_';

export interface OrganizationKeyOptions {
  /** The directory of the mailbox's data. */
  readonly directory: string;
  readonly token: string | undefined;
  readonly random: Random;
}

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
    if (!existsSync(path)) writeFileDurably(path, `${newKeyText(random, KEY_MARK)}\n`);
    return new OrganizationKey(readPrivateFile(path, "The mailbox's key file").trim());
  }

  /** Takes the same time for every text of a length. */
  isText(text: string): boolean {
    return timingSafeEqual(Buffer.from(keyDigest(text), 'latin1'), this.#digest);
  }
}
