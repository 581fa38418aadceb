// Names that were parsed once at a door (HTTP, a peer, a file, the environment) and are trusted inside. A function that takes
// a `HostId` needs no check; one that takes a `string` is a door itself.
declare const brand: unique symbol;
type Name<Kind extends string> = string & { readonly [brand]: Kind };

/** A host of the mesh: 1–64 of `a-z 0-9 . _ -`, lower-cased, beginning with a letter or digit. */
export type HostId = Name<'HostId'>;
/** An agent, unique on its host: 1–128 of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit. */
export type AgentId = Name<'AgentId'>;
/** An address as it is stored and shown: parsed, NFC, lower-cased, domain as U-labels. */
export type EmailAddress = Name<'EmailAddress'>;
/** What uniqueness compares: the whole address case-folded, domain as A-labels. Also the name of its register. */
export type AddressKey = Name<'AddressKey'>;
/** One claim of one address, made by the claimant: it tells two claims of the same agent apart. */
export type ClaimId = Name<'ClaimId'>;

const HOST_ID = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const IDENTIFIER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** Names every plain object answers to. Refused as ids and keys, for a consumer may index an object with them. */
const PROTOTYPE_NAMES = new Set(
  [...Object.getOwnPropertyNames(Object.prototype), 'prototype'].map((name) => name.toLowerCase()),
);

/** Lower-cases and checks; `undefined` when it can't be a host id. */
export function parseHostId(text: string): HostId | undefined {
  const id = text.trim().toLowerCase();
  return HOST_ID.test(id) && !isPrototypeName(id) ? (id as HostId) : undefined;
}

/** `undefined` when it can't be an agent id. */
export function parseAgentId(text: string): AgentId | undefined {
  return IDENTIFIER.test(text) && !isPrototypeName(text) ? (text as AgentId) : undefined;
}

/** Whether `name` is one that every JavaScript object inherits (`constructor`, `__proto__`, …), in any case. */
export function isPrototypeName(name: string): boolean {
  return PROTOTYPE_NAMES.has(name.toLowerCase());
}
