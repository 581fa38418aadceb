// The key that signs mail of one domain (RFC 6376), made for it alone.
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { Random } from '../../../mesh/ports.ts';
import type { DomainKey } from '../domain.ts';

/** RFC 8301 §3.2. */
const RSA_BITS = 2_048;
const SELECTOR_BYTES = 4;

export async function newDomainKey(random: Pick<Random, 'bytes'>): Promise<DomainKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: RSA_BITS,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const selector = `mesh${Buffer.from(random.bytes(SELECTOR_BYTES)).toString('hex')}`;
  return { selector, publicKey: publicKey.toString('base64'), privateKey };
}
