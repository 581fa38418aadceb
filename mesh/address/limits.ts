// How long an address and its parts may be: RFC 5321 section 4.5.3.1 as RFC 3696's errata 1690 reads it, and RFC 1035 section 2.3.4.
// Octets are those of UTF-8, as they would travel. How much text is looked at in the first place stands in mesh/limits.ts.

export const ADDRESS_OCTETS_MAX = 254;
/** Quotes and backslashes counted, where the local part keeps them. */
export const LOCAL_PART_OCTETS_MAX = 64;
/** A whole domain, counted as A-labels and without the root's dot. */
export const DOMAIN_OCTETS_MAX = 253;
export const LABEL_OCTETS_MAX = 63;
