// Bodies that never stand in memory whole: each is written piece by piece to a file of the mailbox's spool, which is there for as long as
// something is made of it.
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Context } from 'hono';
import type { Random } from '../../../mesh/ports.ts';
import { newUuid } from '../../../mesh/uuid.ts';
import { MailboxError, wrongField } from '../errors.ts';

export interface BodySpoolOptions {
  /** The directory of the mailbox's data. */
  readonly directory: string;
  readonly random: Random;
  /** How the names of its files begin. */
  readonly prefix: string;
  /** What a body is, as sentences say it. */
  readonly noun: 'mail' | 'file';
  /** What a request without a body is told: how `'body'` goes on. */
  readonly missing: string;
  /** Octets of one. */
  readonly bytesMax: number;
  /** What somebody does whose body is larger. */
  readonly tooLargeFix?: string;
  /** Bodies that come in at the same time. */
  readonly atOnceMax: number;
}

export class BodySpool {
  readonly #options: BodySpoolOptions;
  #comingIn = 0;

  constructor(options: BodySpoolOptions) {
    this.#options = options;
  }

  /** Throws `service_unavailable` when as many come in as may, `payload_too_large`, and what `use` throws, which is shown the file. */
  async during<Made>(c: Context, use: (path: string) => Promise<Made>): Promise<Made> {
    const { directory, random, prefix, noun, atOnceMax } = this.#options;
    if (this.#comingIn >= atOnceMax)
      throw new MailboxError('service_unavailable', `${atOnceMax} ${noun}s are coming in already.`);
    this.#comingIn += 1;
    const path = join(directory, 'spool', `${prefix}-${newUuid(random)}.part`);
    try {
      await this.#write(c, path);
      return await use(path);
    } finally {
      this.#comingIn -= 1;
      await rm(path, { force: true });
    }
  }

  async #write(c: Context, path: string): Promise<void> {
    const { body } = c.req.raw;
    if (body === null) throw wrongField('body', this.#options.missing);
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    await pipeline(Readable.fromWeb(body as never), (octets) => this.#withinSize(octets), file);
  }

  async *#withinSize(octets: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    const { bytesMax, noun, tooLargeFix } = this.#options;
    const advice = tooLargeFix === undefined ? '' : `: ${tooLargeFix}`;
    let size = 0;
    for await (const piece of octets) {
      size += piece.length;
      if (size > bytesMax)
        throw new MailboxError(
          'payload_too_large',
          `The ${noun} is larger than ${bytesMax / 1_024 ** 2} MiB${advice}.`,
        );
      yield piece;
    }
  }
}
