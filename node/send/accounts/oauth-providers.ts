// The token endpoints and scopes of the two large providers that take no passwords any more.

interface TokenDefaults {
  readonly tokenUrl: string;
  readonly scope?: string;
}

const GOOGLE: TokenDefaults = { tokenUrl: 'https://oauth2.googleapis.com/token' };
const MICROSOFT: TokenDefaults = {
  tokenUrl: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
  scope: 'https://outlook.office.com/SMTP.Send offline_access',
};
const BY_PRESET: ReadonlyMap<string, TokenDefaults> = new Map([
  ['gmail', GOOGLE],
  ['gmailworkspace', GOOGLE],
  ['outlook365', MICROSOFT],
  ['hotmail', MICROSOFT],
]);

/** What the accounts file may leave out where its preset is of a provider with OAuth; `undefined` for any other. */
export function tokenDefaults(preset: string | undefined): TokenDefaults | undefined {
  return preset === undefined ? undefined : BY_PRESET.get(preset);
}
