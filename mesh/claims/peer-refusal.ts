// What a peer has against what it was asked about claims, in words: it refused, or its answer is none. Nothing is decided by it.
import { MeshError } from '../errors.ts';
import type { HostId } from '../names.ts';
import type { PeerAnswer } from '../ports.ts';

const SAID_CHARACTERS_MAX = 400;

/** The refusal in an answer whose status is not 200. */
export function peerRefusal(from: HostId, { status, body }: PeerAnswer): MeshError {
  const said = (body as { readonly message?: unknown } | null | undefined)?.message;
  const quote = typeof said === 'string' ? `: ${said.slice(0, SAID_CHARACTERS_MAX)}` : '.';
  return new MeshError('peer_unintelligible', `Host '${from}' answers with status ${status}${quote}`);
}

/** What is to be told of a greeting that failed, a sentence; `undefined`: there was no answer. */
export function refusalIn(error: unknown): string | undefined {
  if (!(error instanceof MeshError)) return 'Its answer to a greeting is in a form that is not known here.';
  return error.code === 'peer_silent' ? undefined : error.message;
}
