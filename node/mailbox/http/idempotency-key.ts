// The key of a request that must be done once, however often it is sent.
import { hash } from 'node:crypto';
import type { Context } from 'hono';
import { fingerprintOf } from '../../send/request/fingerprint.ts';
import { wrongField } from '../errors.ts';
import type { OutgoingKey } from '../outgoing-mail.ts';
import { callerOf } from './caller.ts';

/** Printable ASCII, as `node/send` has it. */
const KEY = /^[\x20-\x7e]{1,256}$/;

/**
 * `asked`: everything by which two requests are told apart. A key of one pod or inbox has keys of its own here: that another one has used the
 * same is nothing that it is told. Throws `validation_error` for a key that is none.
 */
export function keyOf(c: Context, asked: readonly unknown[]): OutgoingKey | undefined {
  const header = c.req.header('idempotency-key');
  if (header === undefined) return undefined;
  const { podId, inboxId } = callerOf(c);
  const whose = inboxId ?? podId;
  // A line break stands in no header.
  const text = whose === undefined ? header : `${whose}\n${header}`;
  if (KEY.test(header)) return { hash: hash('sha256', text), fingerprint: fingerprintOf(asked) };
  throw wrongField('Idempotency-Key', 'must be 1 to 256 printable ASCII characters');
}
