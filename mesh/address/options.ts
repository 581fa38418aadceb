// What a caller lets pass. One table for the parser and its parts, named after the options of python-email-validator, with the same defaults;
// only `allowSingleLabel` is ours, since there it is a part of `globally_deliverable`.

/** All default to false, but for `allowSmtputf8` and `globallyDeliverable`, which default to true. */
export interface AddressOptions {
  /** Characters beyond ASCII before the @. */
  readonly allowSmtputf8?: boolean | undefined;
  /** Nothing before the @, as in some aliases of mail servers. */
  readonly allowEmptyLocal?: boolean | undefined;
  /** `"john doe"@…`. */
  readonly allowQuotedLocal?: boolean | undefined;
  /** An IP address in brackets after the @. */
  readonly allowDomainLiteral?: boolean | undefined;
  /** A domain without a dot, such as the name of a machine. */
  readonly allowSingleLabel?: boolean | undefined;
  /** `Name <local@domain>`. */
  readonly allowDisplayName?: boolean | undefined;
  /** At most 64 characters, and octets as sent, before the @ (RFC 5321 section 4.5.3.1.1). */
  readonly strict?: boolean | undefined;
  /** Refuses special-use domains: `local`, `onion`, … */
  readonly globallyDeliverable?: boolean | undefined;
  /** `test` as a domain, and domains under it, are fine. */
  readonly testEnvironment?: boolean | undefined;
}
