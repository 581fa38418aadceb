// Single headers of a request as Node received them. Its `headers` object, and a web `Headers` all the more, cost as much as the
// rest of a look-up when only one or two fields are asked for.
import type { IncomingMessage } from 'node:http';

/** The field's value, several joined by a comma (RFC 9110 section 5.3); `undefined` when there is none. `name`: in lower case. */
export function rawHeader({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>, name: string): string | undefined {
  let value: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const field = rawHeaders[at] ?? '';
    if (field.length !== name.length || field.toLowerCase() !== name) continue;
    value = value === undefined ? rawHeaders[at + 1] : `${value}, ${rawHeaders[at + 1]}`;
  }
  return value;
}

/** The names of all fields, in lower case. */
export function rawHeaderNames({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): readonly string[] {
  return rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
}
