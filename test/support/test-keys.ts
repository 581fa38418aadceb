// Ed25519 keys that are the same in every run, one per host id: the seed is the hash of the id. For tests only, obviously.
import { createPrivateKey, createPublicKey, hash, sign } from 'node:crypto';
import { type HostId, parseHostId } from '../../mesh/names.ts';
import { type PublicKey, parsePublicKey, type Signer } from '../../mesh/signature/ed25519.ts';

export interface TestKey {
  readonly id: HostId;
  readonly signer: Signer;
  readonly key: PublicKey;
}

/** PKCS 8 of an Ed25519 private key up to its 32 octets (RFC 8410 section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** `const { mac, cloud } = testKeys('mac', 'cloud')`. The id may be a made-up one: `testKeys('mac-reborn')` is another key. */
export function testKeys<Id extends string>(...ids: readonly Id[]): Readonly<Record<Id, TestKey>> {
  return Object.fromEntries(ids.map((id) => [id, testKey(id)])) as Record<Id, TestKey>;
}

function testKey(name: string): TestKey {
  const der = Buffer.concat([PKCS8_PREFIX, hash('sha256', name, 'buffer')]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '';
  const key = parsePublicKey(publicKey);
  const id = parseHostId(name);
  if (!key || !id) throw new Error(`'${name}' is not a host id`);
  return { id, key, signer: { publicKey, sign: (bytes) => sign(null, bytes, privateKey) } };
}
