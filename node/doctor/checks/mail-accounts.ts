// Whether the accounts that mail goes out through take this host in. It connects and logs in, and sends nothing.
import { MeshError } from '../../../mesh/errors.ts';
import type { Account, SendConfig } from '../../send/account.ts';
import type { Examination } from '../examination.ts';
import { type Finding, word } from '../fault.ts';

const CHECK = 'mail-accounts';

export async function checkMailAccounts({ send, trySmtp, config }: Examination): Promise<readonly Finding[]> {
  let accounts: SendConfig['accounts'];
  try {
    ({ accounts } = send());
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    const file = config.sendAccounts ?? '';
    return [
      {
        check: CHECK,
        what: error.message,
        meaning: 'The node does not start with it.',
        mend: `chmod 600 ${word(file)}`,
        where: 'here, if it is its mode that is wrong; otherwise correct what is named (node/send/README.md)',
      },
    ];
  }
  const faults = await Promise.all(accounts.map(async (account) => faultOf(account, await trySmtp(account))));
  return faults.flatMap((fault) => fault ?? []);
}

function faultOf(
  account: Account,
  failure: { readonly code: string; readonly message: string } | undefined,
): Finding | undefined {
  if (failure === undefined) return undefined;
  const { id, host, port, security } = account;
  const about = {
    check: CHECK,
    meaning: `No mail leaves through the account '${id}'; what waits for it is tried again until its time is over.`,
  };
  const tls = security === 'starttls' ? ' -starttls smtp' : '';
  const isTls = /CERT|TLS|SELF_SIGNED|certificate/i.test(`${failure.code} ${failure.message}`);
  if (isTls)
    return {
      ...about,
      what: `The certificate of ${host}:${port} (account '${id}') is not valid: ${failure.message}.`,
      mend: `openssl s_client -connect ${host}:${port}${tls} </dev/null 2>/dev/null | openssl x509 -noout -dates -subject -issuer`,
      where:
        'here: it shows whose certificate it is and until when. Its operator must renew it; of your own server, restart it with the new one',
    };
  if (failure.code === 'EAUTH')
    return {
      ...about,
      what: `${host}:${port} refuses the login of account '${id}': ${failure.message}.`,
      ...loginOf(account),
    };
  return {
    ...about,
    what: `The mail server ${host}:${port} (account '${id}') can not be spoken with: ${failure.message}.`,
    mend: `openssl s_client -connect ${host}:${port}${tls}`,
    where: 'here: it shows how far one gets; start the server, or correct host and port in the accounts file',
  };
}

function loginOf({ auth, host, port, security, caFile, tlsName }: Account): Pick<Finding, 'mend' | 'where'> {
  const name = tlsName ?? host;
  const words = [
    ...['curl', '-v', ...(security === 'tls' ? [] : ['--ssl-reqd'])],
    ...(caFile === undefined ? [] : ['--cacert', caFile]),
    ...(name === host ? [] : ['--connect-to', `${name}:${port}:${host}:${port}`]),
    ...(auth?.kind === 'xoauth2' ? ['--oauth2-bearer', 'TOKEN'] : []),
    ...['--user', auth?.user ?? '', `${security === 'tls' ? 'smtps' : 'smtp'}://${name}:${port}`],
  ];
  return {
    mend: words.map(word).join(' '),
    where: `here: it ${auth?.kind === 'xoauth2' ? 'tries an access token (TOKEN)' : 'asks for the password and tries it'}, and sends nothing; < 235 says that it is taken. Write what is taken into the accounts file, then start the node again`,
  };
}
