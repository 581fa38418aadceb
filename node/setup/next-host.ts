// `mesh join-mesh`: this machine becomes a host of a mesh that is there. It believes nothing but the key with the fingerprint that its operator
// brought, and shows nothing but what the token proves. Killed at any point, it is repeated: its key is durable before it asks.
import { request } from 'undici';
import { fingerprintOf, isFingerprintOf } from '../../mesh/admission/fingerprint.ts';
import { askToJoin } from '../../mesh/admission/handshake.ts';
import { invitationOf } from '../../mesh/admission/invitation-token.ts';
import { JOIN_PATH, type SealedContent } from '../../mesh/admission/messages.ts';
import { MeshError } from '../../mesh/errors.ts';
import { parseForeignJson } from '../../mesh/json/foreign-json.ts';
import { type HostId, parseHostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import { startDeadline } from '../../mesh/time/deadline.ts';
import { HELLO_PATH, helloAnswer } from '../peers/keys/hello.ts';
import type { Place, SetupPorts } from './first-host.ts';
import { refuseSetUp, withHostKey, writeHostFiles } from './host-directory.ts';

export interface Invitation {
  /** The URL of a host of the mesh. */
  readonly at: string;
  readonly fingerprint: string;
  readonly token: string;
}

const ANSWER_MS_MAX = 10_000;
const ANSWER_BYTES_MAX = 2 * 1_024 * 1_024;

export interface Joined {
  /** Ids of the mesh's hosts, this one among them. */
  readonly hosts: readonly string[];
  /** An engine keeps the claims. */
  readonly hasEngine: boolean;
}

/**
 * Asks to be let in, and writes what the answer holds. Rejects with a sentence that says what to do: with `invalid_request` for a token that is
 * none, `peer_untrusted` when another host answers there (nothing was sent to it), and with what that host refuses by.
 */
export async function joinMesh(
  place: Place,
  { at, fingerprint, token }: Invitation,
  ports: SetupPorts,
): Promise<Joined> {
  const { directory, id, url, name, voter } = place;
  refuseSetUp(directory);
  const invitation = invitationOf(token);
  if (invitation === undefined)
    throw new MeshError(
      'invalid_request',
      'The token is none: it begins with amj_. Take the whole line that npx mesh init printed, or npx mesh hosts invite.',
    );
  const to = await whoIsAt(at, id, ports.clock);
  if (!isFingerprintOf(fingerprint, to.publicKey))
    throw new MeshError(
      'peer_untrusted',
      `What answers at ${at} has the key ${fingerprintOf(to.publicKey)}, not ${fingerprint}: it is another host, or somebody else. Nothing was sent to it.`,
    );
  return withHostKey(directory, ports.log, async ({ signer }) => {
    const from = {
      ...{ id, url },
      ...(name === undefined ? {} : { name }),
      ...(voter === undefined ? {} : { voter }),
    };
    const nowSeconds = Math.floor(ports.clock.wallMs() / 1_000);
    const { ask, open } = askToJoin({ invitation, to, from, nowSeconds, signer, random: ports.random });
    const { secret, hosts, claims }: SealedContent = open(await answerOf(`${at}${JOIN_PATH}`, ports.clock, ask));
    writeHostFiles(directory, { id, url, hosts, secret, claims }, ports.random);
    return { hosts: hosts.map((host) => host.id), hasEngine: claims !== undefined };
  });
}

/**
 * The host that says to be there. Nothing that the host says is believed: its key is compared with the fingerprint, and the host must sign
 * with that key.
 */
async function whoIsAt(at: string, asker: HostId, clock: Clock) {
  const parsed = helloAnswer.safeParse(await answerOf(`${at}${HELLO_PATH}?from=${asker}`, clock));
  const id = parseHostId(parsed.data?.host.id ?? '');
  if (parsed.data === undefined || id === undefined)
    throw new MeshError('peer_unintelligible', `What answers at ${at} is no node of a mesh.`);
  return { id, url: at, publicKey: parsed.data.publicKey };
}

async function answerOf(url: string, clock: Clock, body?: unknown): Promise<unknown> {
  const sent =
    body === undefined
      ? ({ method: 'GET' } as const)
      : ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } as const);
  const late = () => new Error(`no answer within ${ANSWER_MS_MAX / 1_000} s`);
  using deadline = startDeadline({ clock, ms: ANSWER_MS_MAX, signals: [], silent: late });
  const silent = (cause: Error) =>
    new MeshError(
      'peer_silent',
      `Nothing answers at ${new URL(url).origin} (${cause.message}). Does the node run there, and does the firewall let this machine reach its port?`,
      { cause },
    );
  const answer = await request(url, { ...sent, signal: deadline.signal }).catch((cause: Error) => {
    throw silent(cause);
  });
  let text = '';
  try {
    for await (const part of answer.body.setEncoding('utf8')) {
      text += part;
      if (text.length > ANSWER_BYTES_MAX) throw new Error('its answer is too long');
    }
  } catch (cause) {
    throw silent(cause as Error);
  }
  const value = jsonOf(text, url);
  if (answer.statusCode === 200) return value;
  const { message } = (value ?? {}) as { readonly message?: unknown };
  throw new MeshError(
    'peer_refused',
    `The node at ${new URL(url).origin} says: ${String(message ?? `status ${answer.statusCode}`)}`,
  );
}

function jsonOf(text: string, url: string): unknown {
  try {
    return parseForeignJson(text);
  } catch (cause) {
    throw new MeshError('peer_unintelligible', `What answers at ${new URL(url).origin} is no node of a mesh.`, {
      cause,
    });
  }
}
