// The commonest questions to the email index name one address, as the index itself writes its main keys, and nothing else. Then there is
// nothing to parse, for a key names itself. Everything else, a miss included, is `undefined` here, and goes the long way.
import type { LookUps } from '../../../mesh/lookup/look-ups.ts';
import type { AddressKey } from '../../../mesh/names.ts';
import type { EmailIndex } from '../../registry/email-index.ts';
import { decodePercents } from '../query.ts';

const ADDRESS_FIRST = '?address=';
const COPY_ALONE = '&federated=true&mode=index';

/** The bare map that answers `?address=`, of an address that this host shows. */
export function ownHit(index: EmailIndex, url: string): string | undefined {
  const text = addressIn(url, url.length);
  if (text === undefined) return undefined;
  const held = index.byAddress(text as AddressKey);
  return held?.mainKey === text ? held.mapJson : undefined;
}

/** The answer to `?address=…&federated=true&mode=index`, of an address that one other host is known to show. */
export function copyHit({ knownJson }: Pick<LookUps, 'knownJson'>, url: string): string | undefined {
  if (!url.endsWith(COPY_ALONE)) return undefined;
  const text = addressIn(url, url.length - COPY_ALONE.length);
  return text === undefined ? undefined : knownJson(text as AddressKey);
}

function addressIn(url: string, end: number): string | undefined {
  const start = url.indexOf('?');
  if (!url.startsWith(ADDRESS_FIRST, start)) return undefined;
  const sent = url.slice(start + ADDRESS_FIRST.length, end);
  return sent.includes('&') ? undefined : decodePercents(sent);
}
