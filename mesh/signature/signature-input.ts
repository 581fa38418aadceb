// Reading Signature-Input and Signature (RFC 9421 section 4). Peers that run this program spell them in one way, which one
// regular expression reads; any other spelling of the same thing goes through the RFC 8941 parser, ten times slower.
// Strict in content: exactly the expected components in their order, exactly the expected parameters, nothing optional.
import { type Dictionary, type InnerList, isInnerList, parseDictionary, serializeInnerList } from 'structured-headers';
import { isRefused, refused, type SignatureRefusal } from './faults.ts';

/** Our signature's name in both dictionaries. Signatures under other names are not looked at. */
export const LABEL = 'mesh';

/** What versions before this one gave every kind of message as its tag. */
const TAG_BEFORE = 'mesh';

/** What one kind of message is signed with. */
export interface Profile {
  /** The kind, as the signature itself says it (`tag`): no message can be passed off as one of another kind. */
  readonly tag: 'mesh-request' | 'mesh-answer' | 'mesh-refusal' | 'mesh-hello';
  /** The inner list of covered components, serialised. */
  readonly coverage: string;
  readonly hasNonce: boolean;
}

export interface SignatureParams {
  /** Seconds since 1970, UTC. */
  readonly createdSeconds: number;
  /** Empty where the profile has none. */
  readonly nonce: string;
  /** The id of the host that signed. */
  readonly keyId: string;
}

export interface ReadSignature extends SignatureParams {
  /** Serialised inner list with parameters: the last line of the signature base. */
  readonly params: string;
  readonly bytes: Uint8Array;
  /** The signature as a serialised byte sequence, `:…:`: what an answer is bound to. */
  readonly serialised: string;
}

/** Serialises the parameters after the coverage; `paramsText` and `PARAMS` below are two sides of one spelling. */
export function paramsText(profile: Profile, { createdSeconds, nonce, keyId }: SignatureParams): string {
  const once = profile.hasNonce ? `;nonce="${nonce}"` : '';
  return `${profile.coverage};created=${createdSeconds}${once};keyid="${keyId}";alg="ed25519";tag="${profile.tag}"`;
}

const PARAMS =
  /^;created=(\d{1,15})(?:;nonce="([A-Za-z0-9_-]{16,64})")?;keyid="([a-z0-9._-]{1,64})";alg="ed25519";tag="([a-z-]{1,32})"$/;
const SIGNATURE = /^mesh=(:([A-Za-z0-9+/]{86}==):)$/;
const NONCE = /^[A-Za-z0-9_-]{16,64}$/;
const PARAM_NAMES = ['created', 'nonce', 'keyid', 'alg', 'tag'];

/** Reads both fields; or why that can't be: `missing`, `malformed`, `version`, `kind` or `coverage`. */
export function readSignature(
  input: string | undefined,
  signature: string | undefined,
  profile: Profile,
): ReadSignature | SignatureRefusal {
  if (input === undefined || signature === undefined) {
    return refused('missing', 'The message is not signed: it needs Signature-Input and Signature (RFC 9421).');
  }
  const params = readUsual(input, profile) ?? readUnusual(input, profile);
  if (isRefused(params)) return params;
  const bytes = readBytes(signature);
  return isRefused(bytes) ? bytes : { ...params, ...bytes };
}

function readUsual(input: string, profile: Profile): (SignatureParams & { params: string }) | undefined {
  const start = LABEL.length + 1;
  if (!input.startsWith(`${LABEL}=`) || !input.startsWith(profile.coverage, start)) return undefined;
  const match = PARAMS.exec(input.slice(start + profile.coverage.length));
  if (!match || (match[2] !== undefined) !== profile.hasNonce || match[4] !== profile.tag) return undefined;
  return {
    params: input.slice(start),
    createdSeconds: Number(match[1]),
    nonce: match[2] ?? '',
    keyId: match[3] ?? '',
  };
}

function readUnusual(input: string, profile: Profile): (SignatureParams & { params: string }) | SignatureRefusal {
  const dictionary = readDictionary('Signature-Input', input);
  if (isRefused(dictionary)) return dictionary;
  const member = dictionary.get(LABEL);
  if (member === undefined) {
    return refused('missing', `Signature-Input has no signature called '${LABEL}'.`);
  }
  if (!isInnerList(member)) return refused('malformed', `'${LABEL}' in Signature-Input is not a list of components.`);
  const list: InnerList = member;
  const otherKind = refusedKind(list[1].get('tag'), profile);
  if (otherKind !== undefined) return otherKind;
  const names = [...list[1].keys()];
  const expected = PARAM_NAMES.filter((name) => profile.hasNonce || name !== 'nonce');
  if (
    serializeInnerList([list[0], new Map()]) !== profile.coverage ||
    names.length !== expected.length ||
    !expected.every((name) => list[1].has(name))
  ) {
    return refused(
      'coverage',
      `The signature must cover exactly ${profile.coverage} with exactly the parameters ${expected.join(', ')}.`,
    );
  }
  const created = list[1].get('created');
  const nonce = list[1].get('nonce') ?? '';
  const keyId = list[1].get('keyid');
  if (
    typeof created !== 'number' ||
    !Number.isSafeInteger(created) ||
    typeof nonce !== 'string' ||
    NONCE.test(nonce) !== profile.hasNonce ||
    typeof keyId !== 'string' ||
    list[1].get('alg') !== 'ed25519'
  ) {
    return refused(
      'malformed',
      'A parameter of the signature is not valid: created is in whole seconds, nonce 16–64 base64url characters, alg "ed25519".',
    );
  }
  return { params: serializeInnerList(list), createdSeconds: created, nonce, keyId };
}

function refusedKind(tag: unknown, profile: Profile): SignatureRefusal | undefined {
  if (tag === profile.tag) return undefined;
  if (tag === TAG_BEFORE) {
    return refused(
      'version',
      `It is signed as an earlier version of this program signs (tag "${TAG_BEFORE}", not "${profile.tag}"), which is no longer believed: bring the host that signed it up to date.`,
    );
  }
  return refused('kind', `The signature has another tag than "${profile.tag}": it stands for another kind of message.`);
}

function readBytes(signature: string): Pick<ReadSignature, 'bytes' | 'serialised'> | SignatureRefusal {
  const match = SIGNATURE.exec(signature);
  if (match?.[1] !== undefined && match[2] !== undefined) {
    return { bytes: Buffer.from(match[2], 'base64'), serialised: match[1] };
  }
  const dictionary = readDictionary('Signature', signature);
  if (isRefused(dictionary)) return dictionary;
  const item = dictionary.get(LABEL)?.[0];
  if (!(item instanceof ArrayBuffer) || item.byteLength !== 64) {
    return refused('malformed', `Signature must hold '${LABEL}' as the 64 octets of an Ed25519 signature.`);
  }
  const bytes = Buffer.from(item);
  return { bytes, serialised: `:${bytes.toString('base64')}:` };
}

function readDictionary(name: string, text: string): Dictionary | SignatureRefusal {
  try {
    return parseDictionary(text);
  } catch (cause) {
    return refused('malformed', `${name} is not a structured field dictionary: ${(cause as Error).message}.`);
  }
}
