// The octets of one POST, head and body in one piece, so that they are one write to the socket.
import type { Post } from './sender.ts';

/** Whatever could end a line, or is no octet: a name or value with it would begin a field of its own. */
const FORBIDDEN = /[^\t\x20-\x7e\x80-\xff]/;

/** Throws a plain `Error` for a header that can't be sent: a bug of the caller. */
export function requestOctets(url: URL, { headers, body }: Post): Uint8Array {
  let head = `POST ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (FORBIDDEN.test(value) || FORBIDDEN.test(name))
      throw new Error(`The header '${name}' holds what no header may.`);
    head += `${name}: ${value}\r\n`;
  }
  head += `content-length: ${body.byteLength}\r\n\r\n`;
  const octets = Buffer.allocUnsafe(head.length + body.byteLength);
  octets.write(head, 'latin1');
  octets.set(body, head.length);
  return octets;
}
