// A voter's registers in memory: one for each address of the mesh, so each is one text, half as large as the objects that it is made of. A
// register is made anew each time it is asked for. Most stored ones become such a text where they are read, without being parsed, and stay
// octets; what changes since stands beside them as a text of its own.

import type { AddressKey } from '../names.ts';
import type { Owner } from '../owner.ts';
import { type PackedTexts, SealedTexts } from '../packed-texts.ts';
import type { Register } from '../register/acceptor.ts';
import type { Ballot } from '../register/ballot.ts';

/** A host's id, and since 0.2 the beginning of its incarnation. */
const PROPOSER_FORM = '[a-z0-9][a-z0-9._-]{0,63}(?:#[0-9a-f]+)?';
const PROPOSER = new RegExp(`^${PROPOSER_FORM}$`);
/** Below the least ballot number that a double could no longer tell from its neighbour. */
const NUMBER_FORM = '0|[1-9]\\d{0,14}';
const TEXT_FORM = '([^"\\\\]+)';
const OWNER_FORM = ['hostId', 'agentId', 'agentName', 'claimId', 'since']
  .map((member) => `"${member}":"${TEXT_FORM}"`)
  .join(',');
/** Begins what is packed, and no JSON. */
const MARK = '#';
const SEPARATOR = '\t';
/**
 * JSON of a register whose newest promise was kept by an acceptance, as it is stored, and without anything that JSON escapes; and the text that is
 * made of it: promise, acceptance (`=`: the same ballot) and owner, each in its fields. Nobody is an owner without a host.
 */
export const STORED_REGISTER = {
  pattern: `^\\{"promised":\\[(${NUMBER_FORM}),"(${PROPOSER_FORM})"\\],"accepted":\\[\\1,"\\2"\\],"value":(?:null|\\{${OWNER_FORM}\\})\\}$`,
  to: '#$1\t$2\t=\t\t$3\t$4\t$5\t$6\t$7',
} as const;
const SAME = '=';
/** The fields of no owner. */
const NOBODY = SEPARATOR.repeat(5);

/** Whether a ballot may have this name of a proposer. */
export function isProposer(name: string): boolean {
  return PROPOSER.test(name);
}

export class RegisterTable {
  /** Registers as they were stored. */
  readonly #stored = new SealedTexts();
  /** What stands in their place, or beside them; `undefined`: one that was dropped. */
  readonly #changed = new Map<AddressKey, string | undefined>();
  #size = 0;

  constructor(registers: Iterable<readonly [AddressKey, Register]> = []) {
    for (const [key, register] of registers) this.set(key, register);
  }

  get size(): number {
    return this.#size;
  }

  *keys(): Iterable<AddressKey> {
    for (const key of this.#stored.keys() as Iterable<AddressKey>) if (!this.#changed.has(key)) yield key;
    for (const [key, packed] of this.#changed) if (packed !== undefined) yield key;
  }

  /** Addresses whose register says that nobody has them. */
  *unowned(): Iterable<AddressKey> {
    for (const key of this.#stored.keysOfEnd(NOBODY) as Iterable<AddressKey>) if (!this.#changed.has(key)) yield key;
    for (const [key, packed] of this.#changed) if (packed !== undefined && isUnowned(packed)) yield key;
  }

  get(key: AddressKey): Register | undefined {
    const packed = this.#find(key);
    return packed === undefined ? undefined : unpack(packed);
  }

  set(key: AddressKey, register: Register): this {
    if (!this.#has(key)) this.#size += 1;
    this.#changed.set(key, pack(register));
    return this;
  }

  /** Takes stored registers, `STORED_REGISTER` rewritten. Throws when their keys do not come behind all that were taken before. */
  addStored(packed: PackedTexts): void {
    const before = this.#stored.size;
    this.#stored.add(packed);
    this.#size += this.#stored.size - before;
  }

  delete(key: AddressKey): boolean {
    if (!this.#has(key)) return false;
    this.#size -= 1;
    if (this.#stored.has(key)) this.#changed.set(key, undefined);
    else this.#changed.delete(key);
    return true;
  }

  clear(): void {
    this.#stored.clear();
    this.#changed.clear();
    this.#size = 0;
  }

  #has(key: AddressKey): boolean {
    return this.#changed.has(key) ? this.#changed.get(key) !== undefined : this.#stored.has(key);
  }

  #find(key: AddressKey): string | undefined {
    return this.#changed.has(key) ? this.#changed.get(key) : this.#stored.get(key);
  }
}

function isUnowned(packed: string): boolean {
  return packed.startsWith(MARK) ? packed.endsWith(NOBODY) : unpack(packed).value === null;
}

function pack(register: Register): string {
  const { promised, accepted, value } = register;
  const isSame = accepted !== null && accepted[0] === promised[0] && accepted[1] === promised[1];
  const acceptance = isSame ? [SAME, ''] : (accepted ?? ['', '']);
  const owner =
    value === null ? ['', '', '', '', ''] : [value.hostId, value.agentId, value.agentName, value.claimId, value.since];
  const fields = [...promised, ...acceptance, ...owner];
  // A name with a separator in it is nothing that this program makes; JSON escapes it.
  const isPlain = !fields.some((field) => typeof field === 'string' && field.includes(SEPARATOR));
  return isPlain ? MARK + fields.join(SEPARATOR) : JSON.stringify(register);
}

function unpack(packed: string): Register {
  if (!packed.startsWith(MARK)) return JSON.parse(packed) as Register;
  const fields = packed.slice(MARK.length).split(SEPARATOR);
  const [n = '', by = '', acceptedN = '', acceptedBy = '', hostId = '', ...owner] = fields;
  const promised: Ballot = [Number(n), by];
  const accepted: Ballot | null =
    acceptedN === SAME ? promised : acceptedN === '' ? null : [Number(acceptedN), acceptedBy];
  if (hostId === '') return { promised, accepted, value: null };
  const [agentId, agentName, claimId, since] = owner;
  return { promised, accepted, value: { hostId, agentId, agentName, claimId, since } as Owner };
}
