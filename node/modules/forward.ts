// What is passed on to the original beside this node, where the operator names it.
import { Forward } from '../forward/forward.ts';
import { FORWARDED_PATHS } from '../http/paths.ts';
import { isKeyText, keyDigest } from '../keys/key-text.ts';
import type { NodeOptions } from '../node-ports.ts';
import type { Module, Parts } from './module.ts';

/** Passes `/api/v1/…` on (`MESH_FORWARD`); nothing without that setting. */
export function openForwardModule({ options, ports, stopping }: Parts): Module {
  const { forward: target } = options.config;
  if (target === undefined) return {};
  const listening = () => [{ address: options.listening().ip, port: options.listening().port }];
  const forward = new Forward({ target, listening, isOurs: opens(options.secrets), clock: ports.clock, stopping });
  return { routes: (app) => app.all(`${FORWARDED_PATHS}*`, (c) => forward.pass(c.req.raw)) };
}

/** Whether an `Authorization` header has a token of this node, or a text of the form of its keys. */
function opens({ token, readToken }: NodeOptions['secrets']): (authorization: string) => boolean {
  const digests = [token, readToken].flatMap((secret) => (secret === undefined ? [] : [keyDigest(secret.reveal())]));
  return (authorization) => {
    const text = /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';
    return isKeyText(text) || digests.includes(keyDigest(text));
  };
}
