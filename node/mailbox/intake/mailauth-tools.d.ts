// The one part of mailauth that comes without types and is used here.
declare module 'mailauth/lib/tools.js' {
  /** The fields of a header, folded ones as one; `key`: the name in lower case, `line`: all octets but the end of the line. */
  export function parseHeaders(header: Uint8Array): {
    readonly parsed: readonly { readonly key: string | null; readonly line: Buffer }[];
  };
}
