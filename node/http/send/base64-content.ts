// The content of an attachment on its way from base64 text into a blob, a piece at a time: neither the text nor the octets are
// ever held whole, so what a large one costs is two small buffers.
import { MeshError } from '../../../mesh/errors.ts';
import { type BlobWriter, SpooledContent } from '../../send/attachments/blob-store.ts';

/** Characters decoded and written at once: each write is a call into the system. */
const WRITE_CHARACTERS = 64 * 1_024;

/** RFC 4648 §4 with its padding; white space between is ignored, as mail tools write it in lines. */
export class Base64Content {
  readonly #blob: BlobWriter;
  readonly #field: string;
  /** What has come and is not written yet. */
  #pieces: string[] = [];
  #waiting = 0;
  #rest = '';
  #isPadded = false;
  /** One buffer for all of a content's octets: as many of their own would be memory until the next collection. */
  #octets: Buffer = Buffer.alloc(0);

  /** `field`: its JSON path, for the refusal. */
  constructor(blob: BlobWriter, field: string) {
    this.#blob = blob;
    this.#field = field;
  }

  /** A promise when it writes; nothing else may be written until it resolves. Throws `invalid_request`, and what blobs do. */
  write(text: string): Promise<void> | undefined {
    this.#pieces.push(text);
    this.#waiting += text.length;
    return this.#waiting < WRITE_CHARACTERS ? undefined : this.#flush();
  }

  /** Durable when it resolves. */
  async finish(): Promise<SpooledContent> {
    await this.#flush();
    if (this.#rest !== '') throw this.#refusal('it ends in the middle of a group of four');
    return new SpooledContent(await this.#blob.finish());
  }

  /** Leaves nothing. */
  abort(): Promise<void> {
    return this.#blob.abort();
  }

  async #flush(): Promise<void> {
    const clean = this.#rest + this.#pieces.join('').replace(/[\t\n\r ]+/g, '');
    this.#pieces = [];
    this.#waiting = 0;
    const whole = clean.length - (clean.length % 4);
    this.#rest = clean.slice(whole);
    if (whole > 0) await this.#decode(clean.slice(0, whole));
  }

  async #decode(groups: string): Promise<void> {
    if (this.#isPadded) throw this.#refusal('something follows its padding');
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(groups)) throw this.#refusal('it has other characters');
    this.#isPadded = groups.endsWith('=');
    const octetsMax = (groups.length / 4) * 3;
    if (this.#octets.length < octetsMax) this.#octets = Buffer.allocUnsafeSlow(octetsMax);
    await this.#blob.write(this.#octets.subarray(0, this.#octets.write(groups, 'base64')));
  }

  #refusal(why: string): MeshError {
    return new MeshError('invalid_request', `'${this.#field}' is not base64: ${why}.`, { field: this.#field });
  }
}
