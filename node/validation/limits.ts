/** Addresses in one `validate`. */
export const VALIDATE_ADDRESSES_MAX = 1_000;
