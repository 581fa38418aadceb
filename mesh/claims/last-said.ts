// What each host said last, as it was read. A routine greeting repeats the one before to the octet, so its form need not be read again. The
// digest is of the octets whose signature was verified.
import { HOSTS_MAX } from '../limits.ts';
import type { HostId } from '../names.ts';

export class LastSaid<Value> {
  /** The host that said something new least recently is first. */
  readonly #said = new Map<HostId, { readonly digest: string; readonly value: Value }>();

  /** What `read` makes of octets with that Content-Digest; it is called unless the host said the same octets last. */
  of(from: HostId, digest: string | undefined, read: () => Value): Value {
    const last = this.#said.get(from);
    if (last !== undefined && last.digest === digest) return last.value;
    const value = read();
    this.#said.delete(from);
    if (digest === undefined) return value;
    const [oldest] = this.#said.keys();
    if (oldest !== undefined && this.#said.size >= HOSTS_MAX) this.#said.delete(oldest);
    this.#said.set(from, { digest, value });
    return value;
  }
}
