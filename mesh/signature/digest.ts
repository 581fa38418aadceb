// Content-Digest (RFC 9530): what binds a body to its signature. Always sha-256, always sent, also for an empty body, so that
// nobody can take a body away. Other algorithms in a received field are ignored, as the RFC allows.
import { createHash, hash } from 'node:crypto';
import { parseDictionary } from 'structured-headers';

const EMPTY = `sha-256=:${hash('sha256', '', 'base64')}:`;

/** The field's value for these octets. */
export function contentDigest(body: Uint8Array): string {
  return body.byteLength === 0 ? EMPTY : `sha-256=:${hash('sha256', body, 'base64')}:`;
}

/** The Content-Digest of octets that arrive piece by piece: 64 MiB at once take a tenth of a second. */
export function runningDigest(): { add(piece: Uint8Array): void; value(): string } {
  const running = createHash('sha256');
  return { add: (piece) => void running.update(piece), value: () => `sha-256=:${running.digest('base64')}:` };
}

/** Whether a received field value holds the sha-256 of these octets, `expected`. A value that can't be read does not. */
export function digestFits(field: string, body: Uint8Array, expected: string = contentDigest(body)): boolean {
  if (field === expected) return true;
  // Another spelling of the same dictionary: further algorithms beside ours, or more white space.
  if (!field.includes('sha-256')) return false;
  try {
    const member = parseDictionary(field).get('sha-256')?.[0];
    return member instanceof ArrayBuffer && `sha-256=:${Buffer.from(member).toString('base64')}:` === expected;
  } catch {
    return false; // Not a dictionary (RFC 8941): then it holds no digest either.
  }
}
