// Where mail is taken and by which certificate, as the settings say it.
import { MeshError } from '../../mesh/errors.ts';
import { readCertificates } from '../machine/certificates.ts';
import { readPrivateFile } from '../machine/private-file.ts';
import type { MailboxConfig } from '../mailbox-settings.ts';
import type { ListenerParts, ListenPlace } from './intake/listener.ts';

/** Absent: nowhere. */
export function placeOf(address: MailboxConfig['lmtp']): ListenPlace | undefined {
  if (address === undefined || 'path' in address) return address;
  return { host: address.ip, port: address.port };
}

/** Throws `invalid_request` when the key is not this user's alone, or the certificate can't be read. */
export function readTls({ cert, key }: { readonly cert: string; readonly key: string }): ListenerParts['tls'] {
  const what = 'The private key of --mailbox-key';
  try {
    return { cert: readCertificates(cert), key: readPrivateFile(key, what) };
  } catch (cause) {
    if (cause instanceof MeshError) throw cause;
    throw new MeshError('invalid_request', `The certificate of --mailbox-cert: ${(cause as Error).message}.`, {
      cause,
    });
  }
}
