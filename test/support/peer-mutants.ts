// Two ways to believe the wrong one, none of them in the product, and for each the schedule of an attack that notices it: somebody between
// hosts, without a key and without the secret, over whole nodes with their real signatures.
import type { PublicKey, Signer } from '../../mesh/signature/ed25519.ts';
import type { WireAnswer, WireRequest } from '../../node/peers/connections/peer-exchange.ts';
import { HELLO_PATH } from '../../node/peers/keys/hello.ts';
import type { PeerKeys } from '../../node/peers/keys/peer-keys.ts';
import { type Attack, AttackedMesh, type PeerRules } from './attacked-mesh.ts';
import type { Troubles } from './claim-lives.ts';

export interface PeerMutant {
  readonly name: string;
  readonly breaks: string;
  readonly noticedBy: AttackName;
  readonly rules: PeerRules;
}

type AttackName = keyof typeof ATTACKS;

const SECRET = 'a secret of the operators';
const OWNED = 'oberon@x.com';
const WANTED = 'titania@x.com';
const INDEX = '/api/agents/email-index';

/** `mac` asks who has an address of `cloud`; what it is given are words of `cloud` that were said to something else. */
async function answersSwapped(rules: PeerRules): Promise<Troubles> {
  const troubles: string[] = [];
  for (const [name, attack] of Object.entries(SWAPS)) {
    await using mesh = await AttackedMesh.of(['mac', 'cloud'], { rules, secret: SECRET });
    await mesh.startAll();
    if (!(await mesh.claim('cloud', OWNED))) troubles.push(`${name}: cloud could not claim, though nobody attacked`);
    const kept: WireAnswer[] = [];
    mesh.attack = keeping(kept);
    await mesh.lookUp('mac', 'nobody@x.com');
    const honest = await mesh.lookUp('mac', OWNED);
    if (honest.owner !== 'cloud') troubles.push(`${name}: ${OWNED} was not found, though nobody attacked`);
    mesh.attack = attack(kept);
    const { owner, failures } = await mesh.lookUp('mac', OWNED);
    if (owner !== 'cloud' && failures.cloud === undefined)
      troubles.push(`${name}: mac was told that ${owner ?? 'nobody'} has ${OWNED}, and that nobody failed`);
  }
  return troubles;
}

const isLookUp = ({ target }: WireRequest) => target.startsWith(`${INDEX}?address=oberon`);

const keeping =
  (kept: WireAnswer[]): Attack =>
  async ({ request }, pass) => {
    const answer = await pass(request);
    if (request.target.startsWith(`${INDEX}?address=nobody%40x`)) kept.push(answer);
    return answer;
  };

/** How the answer to a look-up is replaced; `kept` are true answers to earlier ones. */
const SWAPS: Readonly<Record<string, (kept: readonly WireAnswer[]) => Attack>> = {
  'an old answer':
    (kept) =>
    async ({ request }, pass) =>
      (isLookUp(request) ? kept[0] : undefined) ?? (await pass(request)),
  'a hello':
    () =>
    ({ request }, pass) =>
      pass(isLookUp(request) ? { ...request, target: `${HELLO_PATH}?from=mac&nonce=${nonceIn(request)}` } : request),
  'a refusal':
    () =>
    async ({ request }, pass) => {
      const answer = await pass(
        isLookUp(request) ? { ...request, target: `${INDEX}?address=nobody%40x.com` } : request,
      );
      return isLookUp(request) ? { ...answer, status: 200 } : answer;
    },
  'another route':
    () =>
    ({ request }, pass) =>
      pass(isLookUp(request) ? { ...request, target: '/api/mesh/v1/claims/questions' } : request),
};

function nonceIn({ headers }: WireRequest): string {
  return /nonce="([^"]+)"/.exec(headers['signature-input'] ?? '')?.[1] ?? '';
}

/** At `mac`, and then at `cloud`, somebody takes the place of all others, and is a host that knows no hello. */
async function votesTaken(rules: PeerRules): Promise<Troubles> {
  await using mesh = await AttackedMesh.of(['mac', 'cloud', 'mini'], { rules, secret: SECRET });
  mesh.attack = ({ from, request }, pass) => (from === 'mini' ? pass(request) : stranger(request));
  await mesh.startAll();
  const owners: string[] = [];
  for (const id of ['mac', 'cloud', 'mini']) if (await mesh.claim(id, WANTED)) owners.push(id);
  mesh.attack = ({ request }, pass) => pass(request);
  await mesh.clock.advance(30_000);
  const troubles = owners.length > 1 ? [`${WANTED} was given out by ${owners.join(' and by ')}`] : [];
  if (owners.length === 0 && !(await mesh.claim('mini', WANTED)))
    troubles.push('nobody could claim, though the attack was over');
  return troubles;
}

export const stranger = async ({ target }: WireRequest): Promise<WireAnswer> => ({
  status: target.startsWith(HELLO_PATH) ? 404 : 200,
  body: Buffer.from('{}'),
  field: () => undefined,
});

export const ATTACKS = { answersSwapped, votesTaken } as const satisfies Record<
  string,
  (rules: PeerRules) => Promise<Troubles>
>;

export const PEER_MUTANTS: readonly PeerMutant[] = [
  {
    name: 'answer-bound-to-nothing',
    breaks: 'signs an answer, and verifies it, without the request that it answers',
    noticedBy: 'answersSwapped',
    rules: {
      signer: ({ publicKey, sign }): Signer => ({ publicKey, sign: (bytes) => sign(unbound(bytes)) }),
      keys: forgetful,
    },
  },
  {
    name: 'strangers-404',
    breaks: 'takes a host for one without a vote because somebody at its URL says that it knows no hello',
    noticedBy: 'votesTaken',
    // Both halves: who is one, and that such a host's word counts, though it knows no secret.
    rules: { believesLegacy: () => true, keys: (keys) => keysWith(keys, { believesUnsigned: () => true }) },
  },
];

/** The octets that are signed, without the lines about the request. */
function unbound(bytes: Uint8Array): Uint8Array {
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  return Buffer.from(lines.filter((line) => !/^"[^"]+";req/.test(line)).join('\n'), 'latin1');
}

function forgetful(keys: PeerKeys): PeerKeys {
  const weak = ({ text, verify }: PublicKey): PublicKey => ({
    text,
    verify: (bytes, signature) => verify(unbound(bytes), signature),
  });
  return keysWith(keys, {
    known: (id) => {
      const key = keys.known(id);
      return key && weak(key);
    },
    learn: async (id, signal) => {
      const learned = await keys.learn(id, signal);
      return learned.kind === 'known' ? { ...learned, key: weak(learned.key) } : learned;
    },
  });
}

function keysWith(keys: PeerKeys, change: Partial<PeerKeys>): PeerKeys {
  return {
    known: (id) => keys.known(id),
    learn: (id, signal) => keys.learn(id, signal),
    confirm: (id) => keys.confirm(id),
    suspect: (id) => keys.suspect(id),
    status: (id) => keys.status(id),
    believesUnsigned: (id) => keys.believesUnsigned(id),
    recheck: (id, signal) => keys.recheck(id, signal),
    ...change,
  };
}
