// The asker's side of a channel to cloud, octet by octet: for what a well-behaved asker never sends.
import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { FrameSealer } from '../../mesh/channel/frames.ts';
import { acceptReply, CHANNEL_PATH, CHANNEL_PROTOCOL, offerChannel, readReply } from '../../mesh/channel/handshake.ts';
import { writeQuestion } from '../../mesh/channel/message.ts';
import { isRefused } from '../../mesh/signature/faults.ts';
import type { ChannelLink } from './channel-link.ts';
import { seededRandom } from './seeded-random.ts';
import { type TestKey, testKeys } from './test-keys.ts';

const { mac, cloud } = testKeys('mac', 'cloud');

/** A connection that has been upgraded by hand, or the status of the refusal. */
export function upgrade(
  { url }: ChannelLink,
  headers: Readonly<Record<string, string>>,
  protocol: string = CHANNEL_PROTOCOL,
): Promise<{ readonly status: number; readonly socket?: Socket; readonly headers: Readonly<Record<string, unknown>> }> {
  return new Promise((resolve, reject) => {
    const all = { connection: 'upgrade', upgrade: protocol, ...headers };
    const sent = httpRequest(url + CHANNEL_PATH, { headers: all }, (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers });
    });
    sent.on('upgrade', (answer, socket) => {
      // Cloud cuts it, in most of these tests.
      socket.on('error', () => undefined);
      resolve({ status: 101, socket, headers: answer.headers });
    });
    sent.on('error', reject);
    sent.end();
  });
}

export function offerOf({ clock }: ChannelLink, { id }: TestKey = mac) {
  const nowSeconds = Math.floor(clock.wallMs() / 1_000);
  return offerChannel({ self: id, start: 'mac.1.a', nowSeconds, random: seededRandom(7) }, cloud.id);
}

/** The asker's side of a channel, whose frames a test makes by hand. `sign`: its proof. */
export async function byHand(
  link: ChannelLink,
  sign = mac.signer.sign,
): Promise<{ readonly socket: Socket; readonly sealer: FrameSealer }> {
  const open = offerOf(link);
  const { socket, headers } = await upgrade(link, open.fields);
  const reply = readReply((name) => headers[name] as string | undefined);
  const nowSeconds = Math.floor(link.clock.wallMs() / 1_000);
  const taken =
    reply &&
    acceptReply(open, reply, cloud.key, {
      signer: { publicKey: mac.signer.publicKey, sign },
      ...{ secret: undefined, nowSeconds },
    });
  if (socket === undefined || taken === undefined || isRefused(taken)) throw new Error('It was not upgraded.');
  const sealer = new FrameSealer(taken.keys.asker);
  socket.write(sealer.seal(0, [taken.proof]));
  return { socket, sealer };
}

export const closed = (socket: Socket) =>
  new Promise<void>((resolve) => socket.once('close', () => resolve()).resume());
export const question = (n = 1) => [
  Buffer.of(2, 0),
  writeQuestion({ ...{ method: 'POST', target: '/a', fields: {} }, body: Buffer.from(`${n}`) }) ?? Buffer.of(),
];
