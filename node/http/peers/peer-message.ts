// What a host sent, proven to be its own, whatever it came over: a signed request, or a channel. And what is done with it.
import type { z } from 'zod';
import { MeshError } from '../../../mesh/errors.ts';
import { JSON_BOUNDS } from '../../../mesh/json/json-shape.ts';
import type { HostId } from '../../../mesh/names.ts';
import { parseJson, validate } from '../input.ts';

export interface PeerMessage {
  readonly from: HostId;
  readonly body: Uint8Array;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: () => AbortSignal;
}

/** One question that hosts ask each other, by POST. */
export interface PeerRoute {
  readonly path: string;
  /** What is answered with 200, as JSON. Throws or rejects with a `MeshError` for any other status. */
  answer(message: PeerMessage): unknown;
}

/**
 * JSON of a version and form that this node speaks. Throws `unsupported_version`, `invalid_request`. `usual`: reads what comes most, as the schema
 * would.
 */
export function readMessage<Message>(
  { body }: Pick<PeerMessage, 'body'>,
  schema: z.ZodType<Message>,
  spoken: number,
  usual?: (value: unknown) => Message | undefined,
): Message {
  const value = parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'), JSON_BOUNDS);
  const read = usual?.(value);
  if (read !== undefined) return read;
  const { version } = (value ?? {}) as { version?: unknown };
  if (version !== spoken) {
    throw new MeshError(
      'unsupported_version',
      `This node speaks version ${spoken} of these messages, not ${JSON.stringify(version)?.slice(0, 20)}.`,
      { field: 'version' },
    );
  }
  return validate(schema, value);
}
