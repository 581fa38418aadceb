// The chain over a log's own entries: `c(0) = SHA-256(log id)`, `c(n) = SHA-256(c(n-1) ‖ canonical JSON of entry n)`. Who knows the chain at
// one place can check every later entry: none can be forged, dropped from the middle or moved. It does not say who wrote the entries: the
// signature over a head statement does.
import { hash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import type { FeedEntry } from './feed-entry.ts';
import type { LogId } from './place.ts';

/** Before the first entry. Base64url, as every chain value. */
export function firstChain(logId: LogId): string {
  return hash('sha256', logId, 'base64url');
}

/** The chain after `entry`: SHA-256 over the chain before it and the canonical JSON of the entry; base64url, 43 characters. */
export function nextChain(chain: string, entry: FeedEntry): string {
  const octets = [Buffer.from(chain, 'base64url'), Buffer.from(canonicalJson(entry))];
  return hash('sha256', Buffer.concat(octets), 'base64url');
}
