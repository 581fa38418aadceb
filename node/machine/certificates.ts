// Certificates that an operator trusts in place of the system's: whoever can write the file decides which servers get a password.
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { operatorText } from './edited-text.ts';
import { trustedUsers, trustFault } from './own-files.ts';

/** The PEM text of the file. Throws an Error whose message is a part of a sentence, beginning with the file's name. */
export function readCertificates(path: string): string {
  const pem = readText(path);
  try {
    new X509Certificate(pem);
  } catch (cause) {
    throw new Error(`'${path}' holds no certificate in PEM`, { cause });
  }
  return pem;
}

function readText(path: string): string {
  try {
    const user = process.geteuid?.();
    const fault = user === undefined ? undefined : trustFault(statSync(path), trustedUsers(user));
    if (fault !== undefined) throw new Error(fault);
    return operatorText(readFileSync(path));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : code === undefined ? message : `can't be read (${code})`;
    throw new Error(`'${path}' ${why}`, { cause });
  }
}
