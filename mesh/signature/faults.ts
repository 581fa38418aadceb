// Why a signature is refused: a closed set of reasons, shown as `reason` beside the sentence, so that a peer's log and a test
// can tell a wrong clock from a wrong key. Only what the peer may know is said: no key, no digest.
import { MeshError } from '../errors.ts';

export type SignatureFault =
  /** A field that must be there is not. */
  | 'missing'
  /** A field can't be read. */
  | 'malformed'
  /** The signature covers other parts, or has other parameters, than a mesh signature does. */
  | 'coverage'
  /** The signature was made for another kind of message. */
  | 'kind'
  /** The signature was made as an earlier version made them. */
  | 'version'
  /** The body is not the one that was signed. */
  | 'digest'
  /** The message is for another host. */
  | 'recipient'
  /** The message speaks as another host than the one that it should come from. */
  | 'sender'
  /** Made too long ago, or too far in the future, or before its receiver started: the clocks differ. */
  | 'clock_skew'
  | 'replayed'
  /** Not made with the key known of that host, or something it covers was altered. */
  | 'forged'
  /** No key of that host is known here, and it could not be learned. */
  | 'unknown_key';

/** A signature that is refused: a value, so that who reads it can tell one reason from another. */
export interface SignatureRefusal {
  readonly kind: 'refused';
  readonly reason: SignatureFault;
  /** What the one who signed is told. */
  readonly sentence: string;
}

/** `sentence`: what the one who signed is told. */
export function refused(reason: SignatureFault, sentence: string): SignatureRefusal {
  return { kind: 'refused', reason, sentence };
}

export function isRefused<Result extends object>(result: Result | SignatureRefusal): result is SignatureRefusal {
  return 'kind' in result && result.kind === 'refused';
}

/** What was not refused. Throws `signature_refused` for what was. */
export function orRefuse<Result extends object>(result: Result | SignatureRefusal): Result {
  if (!isRefused(result)) return result;
  throw new MeshError('signature_refused', result.sentence, { extra: { reason: result.reason } });
}

/** The error of an answer that is not believed: `peer_untrusted` or `clock_skew`. */
export function refuseAnswer(reason: SignatureFault, sentence: string): MeshError {
  return new MeshError(reason === 'clock_skew' ? 'clock_skew' : 'peer_untrusted', sentence, { extra: { reason } });
}
