// Ways to get the channel wrong, each one place of the product written otherwise. None of them is in the product. An attack must succeed on
// every one.
import type { SourceChange } from './changed-sources.ts';
import type { ChannelAttackName } from './channel-attacks.ts';

export interface ChannelMutant {
  readonly name: string;
  readonly breaks: string;
  readonly sources: readonly SourceChange[];
  readonly noticedBy: { readonly schedule: ChannelAttackName };
  readonly checksThenWrites?: undefined;
  readonly simulation?: undefined;
}

const [FRAMES, HANDSHAKE] = ['mesh/channel/frames.ts', 'mesh/channel/handshake.ts'];

export const CHANNEL_MUTANTS: readonly ChannelMutant[] = [
  {
    name: 'frame-counter-reused',
    breaks: 'computes the MAC of every frame with the same counter',
    noticedBy: { schedule: 'frameRepeated' },
    sources: [{ file: FRAMES, from: '    this.count += 1;\n', to: '' }],
  },
  {
    name: 'mac-over-body-only',
    breaks: 'computes the MAC without the id of the question',
    noticedBy: { schedule: 'frameAltered' },
    sources: [
      { file: FRAMES, from: '.of(this.#octets, content)', to: '.of(this.#octets, content.subarray(ID_BYTES))' },
    ],
  },
  {
    name: 'mac-unchecked',
    breaks: 'takes a frame whatever its MAC says',
    noticedBy: { schedule: 'frameCut' },
    sources: [{ file: FRAMES, from: "throw fault('a frame has a wrong MAC');", to: 'mac.fill(0);' }],
  },
  {
    name: 'one-key-both-ways',
    breaks: 'uses one key for both directions',
    noticedBy: { schedule: 'frameReflected' },
    sources: [{ file: HANDSHAKE, from: "answerer: derive('answerer')", to: "answerer: derive('asker')" }],
  },
  {
    name: 'shares-unsigned',
    breaks: 'signs who speaks, and not the shares',
    noticedBy: { schedule: 'sharesReplaced' },
    sources: [{ file: HANDSHAKE, from: 'said.createdSeconds, said.share]', to: 'said.createdSeconds]' }],
  },
  {
    name: 'starts-unsigned',
    breaks: 'leaves the starts out of what is signed',
    noticedBy: { schedule: 'wordsAltered' },
    sources: [{ file: HANDSHAKE, from: '[said.host, key, said.start, said', to: '[said.host, key, said' }],
  },
  {
    name: 'names-unsigned',
    breaks: 'leaves out of what is signed who the two are',
    noticedBy: { schedule: 'identityMixed' },
    sources: [{ file: HANDSHAKE, from: '[said.host, key, said.start', to: '[said.start' }],
  },
  {
    name: 'proof-unverified',
    breaks: 'takes anything for the proof of the asker',
    noticedBy: { schedule: 'nameBorrowed' },
    sources: [{ file: HANDSHAKE, from: "key.verify(signedBy('asker', transcript), proof)", to: 'true' }],
  },
  {
    name: 'reply-unverified',
    breaks: 'takes anything for the signature of the answerer',
    noticedBy: { schedule: 'replyReplayed' },
    sources: [{ file: HANDSHAKE, from: "!key.verify(signedBy('answerer', transcript), reply.signature)", to: 'false' }],
  },
  {
    name: 'one-role',
    breaks: 'signs as the asker what the answerer signs, too',
    noticedBy: { schedule: 'proofReflected' },
    sources: [
      {
        file: HANDSHAKE,
        from: 'transcript: Uint8Array): Uint8Array {',
        to: "transcript: Uint8Array): Uint8Array {\n  role = 'asker';",
      },
    ],
  },
  {
    name: 'secret-left-out',
    breaks: 'derives the keys without the secret of the mesh',
    noticedBy: { schedule: 'secretUnproven' },
    sources: [{ file: HANDSHAKE, from: "Buffer.from(secret ?? '', 'utf8')", to: "Buffer.from('', 'utf8')" }],
  },
];
