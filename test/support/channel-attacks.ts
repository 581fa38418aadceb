// Attacks on the channel between two hosts, each by somebody who sees and may change every octet between them, and has no key of theirs. An
// attack returns what it achieved: nothing, or the channel is broken. `mallory` is a host of the mesh with a key of its own.
import { FrameOpener, FrameSealer } from '../../mesh/channel/frames.ts';
import {
  type AcceptedReply,
  acceptReply,
  type OpenOffer,
  type OpenReply,
  offerChannel,
  readOffer,
  readReply,
  replyTo,
} from '../../mesh/channel/handshake.ts';
import { drawShare } from '../../mesh/channel/share.ts';
import { MeshError } from '../../mesh/errors.ts';
import type { HostId } from '../../mesh/names.ts';
import { isRefused } from '../../mesh/signature/faults.ts';
import type { Troubles } from './claim-lives.ts';
import { seededRandom } from './seeded-random.ts';
import { type TestKey, testKeys } from './test-keys.ts';

type Fields = Readonly<Record<string, string>>;

const { mac, cloud, mallory } = testKeys('mac', 'cloud', 'mallory');
const NOW = 1_790_000_000;
const SECRET = 'a secret of the operators';
const random = seededRandom(1);

function own({ id, signer }: TestKey, secret: string | undefined = SECRET) {
  return { self: id, start: `${id}.1.first`, nowSeconds: NOW, signer, random, secret };
}

/** What the asker makes of a reply; `undefined` when it refuses it. */
function accepted(open: OpenOffer, fields: Fields, asker = mac, answerer = cloud): AcceptedReply | undefined {
  const reply = readReply((name) => fields[name]);
  const outcome = reply && acceptReply(open, reply, answerer.key, own(asker));
  return outcome === undefined || isRefused(outcome) ? undefined : outcome;
}

/** What the answerer makes of an offer by whoever has `key`; `undefined` when it refuses it. */
function replied(fields: Fields, key = mac.key, answerer = cloud): OpenReply | undefined {
  const offer = readOffer((name) => fields[name]);
  const outcome = offer && replyTo(offer, key, own(answerer));
  return outcome === undefined || isRefused(outcome) ? undefined : outcome;
}

function offered(asker: TestKey = mac, to: HostId = cloud.id): OpenOffer {
  return offerChannel(own(asker), to);
}

interface Session {
  readonly open: OpenOffer;
  readonly reply: OpenReply;
  readonly asker: AcceptedReply;
}

/** A handshake that nobody disturbed. */
function session(): Session {
  const open = offered();
  const reply = replied(open.fields);
  const asker = reply && accepted(open, reply.fields);
  if (asker === undefined || !reply?.fits(asker.proof))
    throw new Error('The two can not even open a channel undisturbed.');
  return { open, reply, asker };
}

const QUESTION = Buffer.from('who has titania@x.com?');

/** Frames of the asker, as they go over the wire. */
function frames({ asker }: Session, count = 3): readonly Buffer[] {
  const sealer = new FrameSealer(asker.keys.asker);
  return Array.from({ length: count }, (_, at) => sealer.seal(at + 1, [QUESTION]));
}

/** How many of these octets' frames are believed by who has this key. */
function believed(key: Uint8Array, octets: readonly Uint8Array[]): number {
  const opener = new FrameOpener(key);
  let count = 0;
  try {
    for (const chunk of octets) for (const _ of opener.push(chunk)) count += 1;
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
  }
  return count;
}

/** Says so when more frames are believed than came as they were sent. */
function frameTrouble(
  name: string,
  most: number,
  octets: (sent: readonly Buffer[]) => readonly Uint8Array[],
): Troubles {
  const one = session();
  const count = believed(one.reply.keys.asker, octets(frames(one)));
  return count > most ? [`${name}: ${count} frames were believed, and ${most} came as they were sent`] : [];
}

function altered(frame: Buffer | undefined, at: number): Buffer {
  const copy = Buffer.from(frame ?? []);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

function frameRepeated(): Troubles {
  return frameTrouble('repeated', 1, ([first]) => [first, first] as Buffer[]);
}

function frameLeftOut(): Troubles {
  return frameTrouble('left out', 1, ([first, , third]) => [first, third] as Buffer[]);
}

function framesSwapped(): Troubles {
  return frameTrouble('swapped', 0, ([first, second]) => [second, first] as Buffer[]);
}

/** Each octet behind the length: the id, the body, the MAC. */
function frameAltered(): Troubles {
  const length = 4 + 4 + QUESTION.byteLength + 16;
  return Array.from({ length: length - 4 }, (_, at) => at + 4).flatMap((at) =>
    frameTrouble(`octet ${at} altered`, 0, ([first]) => [altered(first, at)]),
  );
}

/** Its length says less, or more, than there is. */
function frameCut(): Troubles {
  return [-1, 1, 16, 2 ** 20, -30].flatMap((by) =>
    frameTrouble(`length ${by}`, 0, ([first, second]) => {
      const copy = Buffer.from(first ?? []);
      copy.writeUInt32BE(Math.max(0, copy.readUInt32BE(0) + by), 0);
      return [copy, second] as Buffer[];
    }),
  );
}

/** What a host said is sent back to it, as what the other says. */
function frameReflected(): Troubles {
  const one = session();
  const count = believed(one.asker.keys.answerer, frames(one));
  return count > 0 ? [`${count} frames that mac sent were believed to be cloud's`] : [];
}

/** Frames of one channel are shown in another one of the same two hosts. */
function sessionMixed(): Troubles {
  const [before, now] = [session(), session()];
  const count = believed(now.reply.keys.asker, frames(before));
  return count > 0 ? [`${count} frames of an earlier channel were believed`] : [];
}

/** Everything that an asker sent once is sent again. */
function handshakeReplayed(): Troubles {
  const before = session();
  const again = replied(before.open.fields);
  if (again?.fits(before.asker.proof)) return ['an old proof was believed in a new handshake'];
  return believed(again?.keys.asker ?? new Uint8Array(32), frames(before)) > 0 ? ['old frames were believed'] : [];
}

/** The answer to an earlier offer is given to a new one. */
function replyReplayed(): Troubles {
  const before = session();
  return accepted(offered(), before.reply.fields) === undefined ? [] : ['an old reply was believed'];
}

/** Whoever has the keys of a channel, and even its share, but not the host's lasting key, opens another one. */
function sessionStolen(): Troubles {
  const stolen = session();
  const troubles: string[] = [];
  const asAsker = replied(stolen.open.fields);
  if (asAsker?.fits(stolen.asker.proof)) troubles.push('who had stolen a session opened another one as mac');
  if (accepted(offered(), stolen.reply.fields) !== undefined)
    troubles.push('who had stolen a session answered as cloud');
  return troubles;
}

/** `mallory`, with a key of its own, says that it is `mac`, and then that it is `cloud`. */
function nameBorrowed(): Troubles {
  const troubles: string[] = [];
  const as = ({ signer: { publicKey } }: TestKey) => ({
    ...own(mallory),
    signer: { publicKey, sign: mallory.signer.sign },
  });
  const open = offerChannel({ ...as(mac), self: mac.id }, cloud.id);
  const reply = replied(open.fields);
  const read = reply && readReply((name) => (reply.fields as Fields)[name]);
  const taken = read && acceptReply(open, read, cloud.key, as(mac));
  const proof = taken === undefined || isRefused(taken) ? undefined : taken.proof;
  if (proof === undefined) troubles.push('the attack itself does not work');
  if (proof !== undefined && reply?.fits(proof)) troubles.push('mallory opened a channel as mac');
  const asked = offered();
  const offer = readOffer((name) => (asked.fields as Fields)[name]);
  const answer = offer && replyTo(offer, mac.key, { ...as(cloud), self: cloud.id });
  if (answer !== undefined && !isRefused(answer) && accepted(asked, answer.fields) !== undefined)
    troubles.push('mallory answered as cloud');
  return troubles;
}

/** Both speak to somebody between them, who puts shares of its own in the place of theirs. */
function sharesReplaced(): Troubles {
  const [open, own1, own2] = [offered(), drawShare(random), drawShare(random)];
  const reply = replied({ ...open.fields, 'mesh-share': own1.text });
  const asker = reply && accepted(open, { ...reply.fields, 'mesh-share': own2.text });
  return asker === undefined ? [] : ['mac went on with a share that was put in the place of the one of cloud'];
}

/** What is said in the open is altered: who, to whom, when, by which start. */
function wordsAltered(): Troubles {
  const open = offered();
  const reply = replied(open.fields);
  const changes: Fields = { 'mesh-start': 'cloud.2.other', 'mesh-created': String(NOW + 1), 'mesh-from': mallory.id };
  const troubles = Object.entries(changes).flatMap(([name, value]) => {
    const late = reply && accepted(open, { ...reply.fields, [name]: value });
    const early = replied({ ...open.fields, [name]: name === 'mesh-from' ? mallory.id : value });
    const asker = early && accepted(open, early.fields);
    return [
      ...(late === undefined ? [] : [`an altered ${name} of cloud was believed`]),
      ...(asker === undefined ? [] : [`mac went on though its ${name} had been altered`]),
    ];
  });
  return troubles;
}

/** `mallory` passes the handshake of `mac` on under its own name: both ends must not agree on who is there. */
function identityMixed(): Troubles {
  const open = offered();
  const reply = replied({ ...open.fields, 'mesh-from': mallory.id }, mallory.key);
  const toMac = reply && { ...reply.fields, 'mesh-to': mac.id };
  return toMac && accepted(open, toMac) !== undefined
    ? ['mac speaks with cloud, which believes that it is mallory']
    : [];
}

/** The signature of the one is shown as the proof of the other. */
function proofReflected(): Troubles {
  const open = offered();
  const reply = replied(open.fields);
  const signature = Buffer.from(reply?.fields['mesh-signature'] ?? '', 'base64url');
  const sameKey = readOffer((name) => (open.fields as Fields)[name]);
  const self = sameKey && replyTo({ ...sameKey, host: cloud.id, to: cloud.id }, cloud.key, own(cloud));
  const shown =
    self !== undefined && !isRefused(self) ? Buffer.from(self.fields['mesh-signature'], 'base64url') : signature;
  return self !== undefined && !isRefused(self) && self.fits(shown)
    ? ["cloud's own signature was its asker's proof"]
    : [];
}

/** A host with the right key, without the secret. */
function secretUnproven(): Troubles {
  const open = offered();
  const reply = replied(open.fields);
  const read = reply && readReply((name) => (reply.fields as Fields)[name]);
  const asker = read && acceptReply(open, read, cloud.key, own(mac, 'another secret than that'));
  if (reply === undefined || asker === undefined || isRefused(asker)) return [];
  const octets = new FrameSealer(asker.keys.asker).seal(0, [asker.proof]);
  return believed(reply.keys.asker, [octets]) > 0 ? ['a host that does not know the secret was heard'] : [];
}

/** A share by which every agreement is known beforehand: points of small order (RFC 7748 section 6.1). */
function shareOfNothing(): Troubles {
  const order8 = 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800';
  return ['00'.repeat(32), `01${'00'.repeat(31)}`, order8].flatMap((point) => {
    const share = Buffer.from(point, 'hex').toString('base64url');
    const open = offered();
    return replied({ ...open.fields, 'mesh-share': share }) === undefined ? [] : [`the share ${point} was agreed with`];
  });
}

export const CHANNEL_ATTACKS = {
  ...{ frameRepeated, frameLeftOut, framesSwapped, frameAltered, frameCut, frameReflected, sessionMixed },
  ...{ handshakeReplayed, replyReplayed, sessionStolen, nameBorrowed, sharesReplaced, wordsAltered },
  ...{ identityMixed, proofReflected, secretUnproven, shareOfNothing },
} as const satisfies Record<string, () => Troubles>;

export type ChannelAttackName = keyof typeof CHANNEL_ATTACKS;
