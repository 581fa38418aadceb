// By what two requests with the same idempotency key are told apart.
import { hash } from 'node:crypto';
import { SpooledContent } from '../attachments/blob-store.ts';

/** SHA-256, in hex, of a request without what says only how it was asked for; the order of members does not matter. */
export function fingerprintOf(content: object): string {
  return hash('sha256', canonical(content));
}

/** JSON with the members of every object in order. */
function canonical(value: unknown): string {
  if (value instanceof SpooledContent) return JSON.stringify(value.blob);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
