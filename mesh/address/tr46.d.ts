// The part of tr46 that is used here; the package ships no types.
declare module 'tr46' {
  interface Checks {
    readonly checkBidi?: boolean;
    readonly checkHyphens?: boolean;
  }
  /** `null` when the name breaks a rule. */
  export function toASCII(domain: string, checks?: Checks): string | null;
  /** `domain` holds what could be converted even when `error` is true. */
  export function toUnicode(domain: string, checks?: Checks): { readonly domain: string; readonly error: boolean };
}
