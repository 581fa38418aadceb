// The one line that lets the next machine in, as it is printed and typed.

export interface JoinLine {
  readonly url: string;
  readonly fingerprint: string;
  readonly token: string;
}

export function joinLine({ url, fingerprint, token }: JoinLine): string {
  return `npx mesh join-mesh ${url} --fingerprint ${fingerprint} --token ${token}`;
}
