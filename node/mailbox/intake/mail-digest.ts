// What makes two mails the same mail: Message-ID, From, Date and the octets of the body. Trace fields, which each way adds, are not in it,
// so that a mail that is delivered again matches; and nobody can suppress a mail by guessing its Message-ID alone.
import { createHash } from 'node:crypto';
import { firstField, type HeaderField } from './header-fields.ts';

const [LF, CR] = [0x0a, 0x0d];
const IDENTIFYING = ['message-id', 'from', 'date'];

/** Hashes the octets behind the first empty line, as they come. */
export class BodyHash {
  readonly #hash = createHash('sha256');
  /** Octets of the line that is being read, CRs left out; 0: it is empty so far. */
  #lineLength = 0;
  #isBody = false;

  push(octets: Uint8Array): void {
    let at = 0;
    while (!this.#isBody && at < octets.length) {
      const octet = octets[at++];
      if (octet === LF) {
        this.#isBody = this.#lineLength === 0;
        this.#lineLength = 0;
      } else if (octet !== CR) this.#lineLength++;
    }
    if (at < octets.length) this.#hash.update(octets.subarray(at));
  }

  /** 64 hexadecimal digits. After it nothing can be pushed. */
  digest(): string {
    return this.#hash.digest('hex');
  }
}

/** Whether the header tells this mail from others that say the same: programs send the same words again and again. */
export function isNamed(headers: readonly HeaderField[]): boolean {
  return ['message-id', 'date'].some((name) => firstField(headers, name) !== undefined);
}

/** 64 hexadecimal digits. */
export function mailDigest(headers: readonly HeaderField[], bodyDigest: string): string {
  const identifying = IDENTIFYING.map((name) => firstField(headers, name) ?? null);
  return createHash('sha256')
    .update(JSON.stringify([...identifying, bodyDigest]))
    .digest('hex');
}
