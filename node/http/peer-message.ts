// What a host sent, as JSON of a version and form that this node speaks. Behind `peerAuth`.
import type { Context } from 'hono';
import type { z } from 'zod';
import { MeshError } from '../../mesh/errors.ts';
import { JSON_BOUNDS } from '../../mesh/json/json-shape.ts';
import { parseJson, validate } from './input.ts';
import { peerBody } from './peer-auth.ts';

/** Throws `unsupported_version`, `invalid_request`. */
export function readMessage<Schema extends z.ZodType>(c: Context, schema: Schema, spoken: number): z.output<Schema> {
  const value = parseJson(Buffer.from(peerBody(c)).toString('utf8'), JSON_BOUNDS);
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
