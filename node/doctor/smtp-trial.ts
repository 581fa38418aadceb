// An account tried without a message: connected, secured, logged in, and taken leave of.
import type { Secret } from '../secret.ts';
import type { Account } from '../send/account.ts';
import { SmtpConnection, type SocketTo } from '../send/smtp/smtp-connection.ts';
import type { SmtpError } from '../send/smtp/smtp-errors.ts';

/** Resolves with why the account can't be used; `undefined` when it can. Never rejects. */
export type SmtpTrial = (account: Account) => Promise<{ readonly code: string; readonly message: string } | undefined>;

export interface SmtpTrialPorts {
  readonly socketTo: SocketTo;
  readonly secretOf: (account: Account) => Promise<Secret>;
}

export function createSmtpTrial({ socketTo, secretOf }: SmtpTrialPorts): SmtpTrial {
  return async (account) => {
    const connection = new SmtpConnection(account, socketTo, undefined);
    try {
      await connection.open();
      const { auth } = account;
      if (auth !== undefined) await connection.login(auth.user, await secretOf(account), auth.kind);
      connection.quit();
      return undefined;
    } catch (error) {
      connection.close();
      const { code, message, response } = error as SmtpError & { readonly response?: string };
      return { code: code ?? '', message: (response ?? message).replace(/[.\s]+$/, '') };
    }
  };
}
