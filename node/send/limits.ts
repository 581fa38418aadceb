// Bounds that several files of this room share. One that a single file keeps stands in that file.

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const MIB = 1_024 * 1_024;

/** One message: To, Cc and Bcc together. RFC 5321 §4.5.3.1.8 has servers take 100. */
export const RECIPIENTS_MAX = 100;
/** A line has at most 998 octets (RFC 5322 §2.1.1), of which folding takes one: text without white space is not divided. */
export const HEADER_VALUE_CHARACTERS_MAX = 997;
/** Attachments of one message. */
export const ATTACHMENTS_MAX = 20;
/** Octets before base64: of one attachment, and of all attachments of one message. */
export const ATTACHMENT_BYTES_MAX = 25 * MIB;
export const MESSAGE_ATTACHMENTS_BYTES_MAX = 50 * MIB;

/** How long a message lives unless somebody says otherwise, and how long it may be asked to live. */
export const LIFETIME_MS = 24 * HOUR_MS;
export const LIFETIME_MS_MIN = MINUTE_MS;
export const LIFETIME_MS_MAX = 7 * 24 * HOUR_MS;

/** How long an address is not written to after a mail came back from it for good. */
export const BOUNCE_SUPPRESSION_MS = 90 * 24 * 60 * 60 * 1_000;
