// The parts of mailauth that come without types and are used here.
declare module 'mailauth/lib/tools.js' {
  /** The fields of a header, folded ones as one; `key`: the name in lower case, `line`: all octets but the end of the line. */
  export function parseHeaders(header: Uint8Array): {
    readonly parsed: readonly { readonly key: string | null; readonly line: Buffer }[];
  };
  /** A domain with its U-labels as A-labels. */
  export function toALabel(domain: string): string;
  /** The first of the domains that is of the same organization, by the Public Suffix List. */
  export function getAlignment(domain: string, domains: readonly string[]): object | false;
  /** Keys for one mail, each asked for once. */
  export function createKeyCache(
    resolver: import('mailauth/lib/dkim/dkim-verifier.js').SignatureKeys['resolver'],
  ): import('mailauth/lib/dkim/dkim-verifier.js').SignatureKeys;
}

declare module 'mailauth/lib/dkim/dkim-verifier.js' {
  /** A public key, and what its record says of it. */
  export type SignatureKey = Readonly<Record<string, unknown>>;

  export interface SignatureKeys {
    readonly resolver: (name: string, type: string) => Promise<string[] | string[][]>;
    /** Rejects where there is no such key, or none that may be used. */
    get(type: string, name: string, bitsMin?: number, options?: object): Promise<SignatureKey>;
  }

  /** Takes a mail piece by piece: its header, then its body. */
  export class DkimVerifier {
    constructor(options: { readonly resolver: SignatureKeys['resolver']; readonly sender: string });
    keyCache: SignatureKeys;
    /** Takes a header, with the empty line that ends it. */
    emitHeaders(header: Buffer): Promise<void>;
    /** Takes any piece of the mail, and finds by itself where its header ends. */
    writeAsync(piece: Buffer): Promise<void>;
    /** To be called once, behind the last piece. */
    finish(): Promise<void>;
    readonly results: Awaited<ReturnType<typeof import('mailauth/lib/dkim/verify.js').dkimVerify>>['results'];
    readonly headerFrom: string[];
    readonly fromFields: number;
  }
}
