// What a request asks of the email index, as its query says it.

import { MeshError } from '../../../mesh/errors.ts';
import type { LookUpMode } from '../../../mesh/lookup/fan-out.ts';
import { LOOK_UP_MODES } from '../../../mesh/lookup/fan-out.ts';
import type { KeyedAddress, ParseAddress } from '../../../mesh/lookup/index-entry.ts';
import { spellingOf } from '../../../mesh/lookup/index-key.ts';
import type { EmailAddress } from '../../../mesh/names.ts';
import { decodePercents, decodeQuery, readQuery } from '../query.ts';

const FIELDS = ['address', 'agentId', 'federated', 'mode', 'limit', 'cursor'] as const;

/** An address, and how it was spelled: it is answered under that. */
export interface Reading extends KeyedAddress {
  readonly spelling: EmailAddress;
}

/** What the query asks for. An empty list of addresses: it names none that anybody could hold. */
export interface Asked {
  readonly addresses: readonly Reading[] | undefined;
  readonly agentId: string | undefined;
  /** Whether the whole mesh is asked. */
  readonly isFederated: boolean;
  /** Absent: everybody is asked. */
  readonly mode: LookUpMode | undefined;
  /** Whether the whole index is asked for in pages. */
  readonly isPaged: boolean;
}

/** Throws `invalid_request` for a field that is there twice, and for a mode that there is not. */
export function readQuestion(url: string, parseAddress: ParseAddress): Asked {
  const { address, agentId, federated, mode, limit, cursor } = readQuery(url, FIELDS);
  return {
    addresses: address === undefined ? undefined : readings(address, parseAddress),
    agentId: agentId === undefined ? undefined : decodeQuery(agentId),
    isFederated: federated === 'true',
    mode: mode === undefined ? undefined : readMode(mode, federated === 'true'),
    isPaged: limit !== undefined || cursor !== undefined,
  };
}

function readMode(sent: string, isFederated: boolean): LookUpMode {
  const mode = LOOK_UP_MODES.find((known) => known === sent);
  if (mode === undefined)
    throw new MeshError(
      'invalid_request',
      `'mode' must be ${LOOK_UP_MODES.join(' or ')}; leave it out and every host is asked.`,
      { field: 'mode' },
    );
  if (!isFederated)
    throw new MeshError('invalid_request', "'mode' says how the whole mesh is asked: add federated=true.", {
      field: 'mode',
    });
  return mode;
}

/**
 * The addresses that a value can mean, the likelier first. In a query `+` is a space by the rules of forms, but gateways send the
 * `+` of `a+b@x.com` unencoded: so it is read as a plus first, and as a space (`+a@x.com` for ` a@x.com`) second.
 */
function readings(raw: string, parseAddress: ParseAddress): readonly Reading[] {
  const texts = raw.includes('+') ? [decodePercents(raw), decodeQuery(raw)] : [decodePercents(raw)];
  return texts.flatMap((text) => {
    const parsed = parseAddress(text);
    return parsed.valid ? [{ ...parsed, spelling: spellingOf(text, parsed) }] : [];
  });
}
