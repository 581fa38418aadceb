// A mail that comes by HTTP, as the intake is asked to take it.

export interface IngestQuestion {
  /** The file that has its octets; the intake removes it. */
  readonly path: string;
  /** At least one, each once. */
  readonly to: readonly string[];
  /** Empty: the null sender. */
  readonly mailFrom: string;
  /** Address of the machine that sent it; absent: nobody knows, and SPF says nothing. */
  readonly ip?: string | undefined;
  readonly helo?: string | undefined;
}

/** What became of it for each recipient, or the reply of SMTP with which it is taken for nobody: its code (RFC 5321 §4.2), its status (RFC 3463). */
export type IngestAnswer =
  | {
      readonly results: readonly {
        readonly to: string;
        readonly status: 'stored' | 'duplicate' | 'blocked';
        readonly messageId: string;
      }[];
    }
  | { readonly refusal: { readonly code: number; readonly status: string; readonly message: string } };
