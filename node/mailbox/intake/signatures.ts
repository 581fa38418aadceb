// The signatures of a mail (DKIM, RFC 6376), checked by mailauth's verifier without the streams around it: they, its search for the end of a header
// that is known, and the key that it makes anew for each mail took half of what a verdict costs.
import { DkimVerifier, type SignatureKey, type SignatureKeys } from 'mailauth/lib/dkim/dkim-verifier.js';
import { createKeyCache, toALabel } from 'mailauth/lib/tools.js';

type Resolver = SignatureKeys['resolver'];

/** Keys by the answer of the DNS that has them: a memory of answers gives the same one again, for as long as it believes it. */
export type KnownKeys = WeakMap<object, Map<string, Promise<SignatureKey>>>;

export interface SignedMail {
  /** The header, with the empty line that ends it. */
  readonly header: Buffer;
  readonly body: AsyncIterable<Buffer> | Iterable<Buffer>;
  /** The address of the envelope; empty: none. */
  readonly sender: string;
}

/** Each signature with what became of it, and whom the mail is from. Rejects with what mailauth throws. */
export async function signaturesOf(
  { header, body, sender }: SignedMail,
  { resolver, known }: { readonly resolver: Resolver; readonly known: KnownKeys },
): Promise<Pick<DkimVerifier, 'results' | 'headerFrom' | 'fromFields'>> {
  const verifier = new DkimVerifier({ resolver, sender });
  verifier.keyCache = keysOf(resolver, known);
  if (endsOnce(header)) await verifier.emitHeaders(header);
  else await verifier.writeAsync(header);
  for await (const piece of body) await verifier.writeAsync(piece);
  await verifier.finish();
  return verifier;
}

/** Whether mailauth, which looks at each octet for it, would find the end of the header at its end, and no line to mend. */
function endsOnce(header: Buffer): boolean {
  const text = header.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  return end > 0 && end === text.length - 4 && !/^\r\n|(?<!\r)\n/.test(text);
}

/** The keys for one mail. */
function keysOf(resolver: Resolver, known: KnownKeys): SignatureKeys {
  const answers = new Map<string, ReturnType<Resolver>>();
  return {
    resolver,
    async get(type, name, bitsMin, options) {
      const asked = answers.get(name) ?? resolver(toALabel(name), 'TXT');
      answers.set(name, asked);
      const answer = await asked;
      const keys = known.get(answer) ?? new Map<string, Promise<SignatureKey>>();
      known.set(answer, keys);
      const question = JSON.stringify([type, name, bitsMin, options]);
      const key = keys.get(question) ?? createKeyCache(async () => answer).get(type, name, bitsMin, options);
      keys.set(question, key);
      return key;
    },
  };
}
