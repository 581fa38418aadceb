// The one line that lets the next machine in, as it is printed and typed.

export interface JoinLine {
  readonly url: string;
  readonly fingerprint: string;
  readonly token: string;
}

/** The line to type on the machine that is to join. Its token opens once, so it is shown to nobody else. */
export function joinLine({ url, fingerprint, token }: JoinLine): string {
  return `npx mesh join-mesh ${url} --fingerprint ${fingerprint} --token ${token}`;
}
