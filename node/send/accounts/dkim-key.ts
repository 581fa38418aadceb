// The key that signs an account's mail. It is used once when it is loaded: with a key it can't use, the composer would send
// unsigned and say nothing.
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { Secret } from '../../secret.ts';
import type { DkimKey } from '../account.ts';

/** RFC 8301 §3.2: verifiers ignore shorter keys. */
const RSA_BITS_MIN = 1_024;

/** Where a key is, and how the file is read. */
interface KeySource {
  readonly path: string;
  readonly readPrivateFile: (path: string, what: string) => string;
}

/** Throws what `readPrivateFile` throws, or an Error whose sentence says what is wrong with the key. */
export function loadDkimKey(domain: string, selector: string, { path, readPrivateFile }: KeySource): DkimKey {
  const pem = readPrivateFile(path, 'The DKIM key');
  const key = (() => {
    try {
      return createPrivateKey(pem);
    } catch {
      throw new Error(`'${path}' is not a private key in PEM`);
    }
  })();
  if (key.asymmetricKeyType !== 'rsa')
    throw new Error(`'${path}' is no RSA key, which is the only kind that signs here`);
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < RSA_BITS_MIN)
    throw new Error(`'${path}' has fewer than ${RSA_BITS_MIN} bits, which receivers ignore`);
  const probe = Buffer.from(domain);
  if (!verify('sha256', probe, createPublicKey(key), sign('sha256', probe, key)))
    throw new Error(`'${path}' does not verify its own signature`);
  return { domain, selector, privateKey: new Secret(pem) };
}
