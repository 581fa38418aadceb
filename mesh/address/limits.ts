// Bounds that several files of this room share, how long an address and its parts may be: RFC 5321 section 4.5.3.1 as RFC 3696's errata
// 1690 reads it, and RFC 1035 section 2.3.4. Octets are those of UTF-8, as they would travel. The bound of a whole domain stands in
// domain.ts; how much text is looked at in the first place, in mesh/limits.ts.

export const ADDRESS_OCTETS_MAX = 254;
/** Quotes and backslashes counted, where the local part keeps them. */
export const LOCAL_PART_OCTETS_MAX = 64;
/** One label of a domain, as an A-label. */
export const LABEL_OCTETS_MAX = 63;
