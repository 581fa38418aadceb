// The errors of an operation: which codes it may answer, and under which status.
import { z } from 'zod';
import type { ErrorCode } from '../../../mesh/errors.ts';
import { STATUS_OF } from '../errors.ts';
import type { Method } from '../methods.ts';
import type { Operation } from './operation.ts';
import { JSON_TYPE } from './operation.ts';

const CODES = Object.keys(STATUS_OF) as [ErrorCode, ...ErrorCode[]];

export const errorForm = z
  .looseObject({
    error: z.enum(CODES),
    message: z.string().meta({ description: 'A sentence: what was wrong, where, and what would be right.' }),
    field: z.string().optional().meta({ description: 'The JSON path of what was wrong.' }),
  })
  .meta({
    description: 'Every error has this form. Some codes add members of their own.',
    example: { error: 'not_found', message: "There is no agent 'a1' on this host." },
  });

/** Whoever asks may be none of ours, or may have shown what opens nothing. */
const AT_THE_GATE: readonly ErrorCode[] = ['unauthorized', 'forbidden', 'forbidden_origin', 'rate_limited'];
const OF_BODIES: readonly ErrorCode[] = ['invalid_request', 'unsupported_media_type', 'payload_too_large'];
const OF_JSON: readonly ErrorCode[] = ['invalid_json', 'unknown_field'];
const MEANINGS: Readonly<Partial<Record<ErrorCode, string>>> = {
  unauthorized: 'a token or key is missing, or opens nothing',
  forbidden: 'the key lacks the scope, or is of another agent',
  forbidden_origin: 'the Host or the Origin is none of this node',
  rate_limited: 'too much at once: come again after `Retry-After` seconds',
  unsupported_media_type: 'the body is packed, or of another type',
  uniqueness_unavailable: 'no majority of the voters is reached, so nothing was claimed',
  store_failed: 'the disk did not take it, so nothing was done',
};

/** The responses that tell of errors, by status. */
export function errorResponses(path: string, method: Method, operation: Operation, isOpenToAll: boolean) {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codesOf(path, method, operation, isOpenToAll))
    byStatus.set(STATUS_OF[code], [...(byStatus.get(STATUS_OF[code]) ?? []), code]);
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, responseOf(codes)]));
}

function codesOf(path: string, method: Method, { body, query, refusals = [] }: Operation, isOpenToAll: boolean) {
  const hasParameters = path.includes(':');
  const codes: readonly ErrorCode[] = [
    ...(isOpenToAll ? (['forbidden_origin'] as const) : AT_THE_GATE),
    ...(query !== undefined || hasParameters ? (['invalid_request'] as const) : []),
    ...(hasParameters ? (['not_found'] as const) : []),
    ...(method === 'GET' ? [] : (['unsupported_media_type', 'store_failed'] as const)),
    ...(body === undefined ? [] : OF_BODIES),
    ...(body?.content[JSON_TYPE] === undefined ? [] : OF_JSON),
    ...refusals,
  ];
  return [...new Set(codes)].sort();
}

function responseOf(codes: readonly ErrorCode[]) {
  const schema = { $ref: '#/components/schemas/Error', properties: { error: { enum: [...codes] } } };
  const told = codes.map((code) => (MEANINGS[code] === undefined ? `\`${code}\`` : `\`${code}\`: ${MEANINGS[code]}`));
  return { description: told.join('; '), content: { [JSON_TYPE]: { schema } } };
}
