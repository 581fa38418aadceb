// Why a signature is refused: a closed set of reasons, shown as `reason` beside the sentence, so that a peer's log and a test
// can tell a wrong clock from a wrong key. Only what the peer may know is said: no key, no digest.
import { MeshError } from '../errors.ts';

export type SignatureFault =
  /** A field that must be there is not. */
  | 'missing'
  /** A field can't be read. */
  | 'malformed'
  /** It covers other parts, or has other parameters, than a mesh signature does. */
  | 'coverage'
  /** It was made for another kind of message. */
  | 'kind'
  /** It was made as an earlier version made them. */
  | 'version'
  /** The body is not the one that was signed. */
  | 'digest'
  /** It speaks to another host. */
  | 'recipient'
  /** It speaks as another host than the one it should come from. */
  | 'sender'
  /** Made too long ago, or too far in the future, or before its receiver started: the clocks differ. */
  | 'clock_skew'
  | 'replayed'
  /** Not made with the key known of that host, or something it covers was altered. */
  | 'forged'
  /** No key of that host is known here, and it could not be learned. */
  | 'unknown_key';

/** Makes the error of one side: `signature_refused` for a request, `peer_untrusted` or `clock_skew` for an answer. */
export type Refuse = (reason: SignatureFault, sentence: string) => MeshError;

export const refuseRequest: Refuse = (reason, sentence) =>
  new MeshError('signature_refused', sentence, { extra: { reason } });

export const refuseAnswer: Refuse = (reason, sentence) =>
  new MeshError(reason === 'clock_skew' ? 'clock_skew' : 'peer_untrusted', sentence, { extra: { reason } });
