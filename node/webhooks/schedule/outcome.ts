// What one attempt came to.

/** Why there was no status: closed, so that logs and metrics can count them. */
export type SendError =
  | 'url_refused'
  | 'name_unresolved'
  | 'connect_failed'
  | 'connect_timeout'
  | 'proxy_failed'
  | 'tls_failed'
  | 'connection_lost'
  | 'headers_too_large'
  | 'not_http'
  | 'timeout'
  | 'cut_off'
  | 'mailbox_unavailable'
  | 'internal_error';

export type Outcome =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** The header as it came. */
      readonly retryAfter: string | undefined;
      readonly tookMs: number;
    }
  | {
      readonly kind: 'failed';
      readonly error: SendError;
      /** A sentence for the operator; nothing of the receiver's body. */
      readonly message: string;
      readonly tookMs: number;
    };

/** What was to be told is no more: nothing was sent, and nothing is left to be. */
export interface Erased {
  readonly kind: 'erased';
}
