// The gate judges a request before any route is looked for. It refuses a browser that another site's page has sent here, and, where tokens are
// set, everybody who shows none. Its checks come in the order of README.md. Peers' own routes are judged by their signatures instead.
import { foreignerCheck, type KnownNames } from './own-names.ts';
import { createTokens, type Tokens, type TokensOptions } from './tokens.ts';

/**
 * The gate lets every signed look-up pass that shows no credential, since only its route can verify the signature: where the gate
 * `guardsReads`, the route must insist on a listed peer's signature, unless the visitor `showsToken`.
 */
export type Gate = Tokens;

/**
 * The names that this node answers to first, then tokens and keys: a foreign name is refused before anything that was shown is looked at.
 */
export function createGate(options: TokensOptions & KnownNames): Gate {
  const refuseForeigner = foreignerCheck(options.roster, options);
  const tokens = createTokens(options);
  return {
    ...tokens,
    refuses: (visitor) => refuseForeigner(visitor) ?? tokens.refuses(visitor),
    admits: (visitor) => refuseForeigner(visitor) === undefined && tokens.admits(visitor),
  };
}
