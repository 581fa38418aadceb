// Headers that a subscription adds to each of its requests, such as an API key of the receiver's gateway. Their values are secrets: no
// answer, list or log line shows one. RFC 9110 says what a header may be.
import { z } from 'zod';

/** Headers that a subscription adds to its requests. */
export const CUSTOM_HEADERS_MAX = 10;
const CUSTOM_HEADER_NAME_CHARACTERS_MAX = 100;
const CUSTOM_HEADER_VALUE_CHARACTERS_MAX = 1_024;

export type CustomHeaders = Readonly<Record<string, string>>;

/** `null` removes a header (RFC 7396). */
export type CustomHeadersChange = Readonly<Record<string, string | null>>;

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110 §5.5 without its obsolete octets: visible ASCII, with spaces and tabs only inside. */
const FIELD_VALUE = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;
/** What the signature and the request are made of, which is the node's alone. */
const OWN =
  /^(?:webhook-.*|svix-.*|x-webhook-.*|x-hub-signature.*|content-.*|user-agent|host|expect|date|accept-encoding)$/;
/** Headers of one connection and not of the request: RFC 9110 §7.6.1 and §11.7, and `keep-alive`, which RFC 2068 had. */
const HOP_BY_HOP = /^(?:connection|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-.*|http2-settings)$/;

const name = z
  .string()
  .max(CUSTOM_HEADER_NAME_CHARACTERS_MAX)
  .regex(TOKEN, 'must be the name of a header (letters, digits and hyphens)')
  .refine((text) => !OWN.test(text.toLowerCase()), 'is a header that the node itself sets')
  .refine((text) => !HOP_BY_HOP.test(text.toLowerCase()), 'is a header of the connection, not of the request');
const value = z
  .string()
  .max(CUSTOM_HEADER_VALUE_CHARACTERS_MAX)
  .regex(FIELD_VALUE, 'must be printable ASCII, without spaces at its ends');

const tooMany = `must have at most ${CUSTOM_HEADERS_MAX} members`;
const twice = 'names a header twice: the case of its letters makes no difference';

export const customHeaders = record(value);
export const customHeadersChange = record(value.nullable());

/** The headers after a change. There may be more of them than `CUSTOM_HEADERS_MAX`: the caller refuses those. */
export function mergedHeaders(headers: CustomHeaders, change: CustomHeadersChange | null): CustomHeaders {
  if (change === null) return {};
  const touched = new Set(Object.keys(change).map((text) => text.toLowerCase()));
  const kept = Object.entries(headers).filter(([text]) => !touched.has(text.toLowerCase()));
  const set = Object.entries(change).filter((one): one is [string, string] => one[1] !== null);
  return Object.fromEntries([...kept, ...set]);
}

function record<Value extends z.ZodType>(of: Value) {
  return z
    .record(z.string(), of)
    .refine((headers) => Object.keys(headers).length <= CUSTOM_HEADERS_MAX, tooMany)
    .refine((headers) => {
      const names = Object.keys(headers).map((text) => text.toLowerCase());
      return new Set(names).size === names.length;
    }, twice)
    .superRefine((headers, context) => {
      for (const text of Object.keys(headers)) {
        const [issue] = name.safeParse(text).error?.issues ?? [];
        if (issue !== undefined) context.addIssue({ code: 'custom', path: [text], message: issue.message });
      }
    });
}
