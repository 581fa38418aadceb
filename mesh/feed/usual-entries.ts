// Entries as nearly all are, told by hand: the schema takes ten times as long, and each entry of each log is looked at by every host that follows
// it. What is usual here, the schema (messages.ts) lets in; what is not goes to the schema, which says what is wrong with it.
import { isMap } from '../json/foreign-json.ts';
import { isCount, isListOf, isText } from '../json/plain-values.ts';
import {
  AGENT_NAME_CHARACTERS_MAX,
  DISPLAY_NAME_CHARACTERS_MAX,
  METADATA_BYTES_MAX,
  METADATA_KEYS_MAX,
} from '../limits.ts';
import { isPrototypeName, parseAgentId, parseHostId } from '../names.ts';
import { CHANGED_ADDRESSES_MAX } from './limits.ts';
import { ADDRESS_CHARACTERS_MAX, AGENT_NAME, ENTRY_EVENT, ENTRY_ID, isMoment, KEY_CHARACTERS } from './messages.ts';

/** `false`: it is for `feedEntrySchema`. */
export function isUsualEntry(value: unknown): boolean {
  if (!isMap(value)) return false;
  const { n, id, event, timestamp, agent, sequence, changes, rows } = value;
  if (!isCount(n, 1) || !isCount(sequence, 0) || !isMoment(timestamp)) return false;
  if (typeof id !== 'string' || !ENTRY_ID.test(id) || typeof event !== 'string' || !ENTRY_EVENT.test(event))
    return false;
  return isAgent(agent) && isChanges(changes) && (rows === undefined || isRows(rows));
}

function isAgent(value: unknown): boolean {
  return isMap(value) && isAgentId(value.id) && isAgentName(value.name) && isHostId(value.hostId);
}

function isChanges(value: unknown): boolean {
  return isMap(value) && [value.added, value.removed, value.modified, value.current].every(isAddresses);
}

function isAddresses(value: unknown): boolean {
  return isListOf(value, CHANGED_ADDRESSES_MAX, isAddress);
}

function isRows(value: unknown): boolean {
  if (!isMap(value)) return false;
  const { put, drop } = value;
  return isListOf(put, CHANGED_ADDRESSES_MAX, isRow) && isListOf(drop, CHANGED_ADDRESSES_MAX, isKey);
}

function isRow(value: unknown): boolean {
  if (!isMap(value)) return false;
  const { address, key, agentId, agentName, hostId, displayName, primary, metadata } = value;
  if (!isAddress(address) || !isKey(key) || typeof primary !== 'boolean') return false;
  if (!isAgentId(agentId) || !isAgentName(agentName) || !isHostId(hostId)) return false;
  if (displayName !== undefined && !isText(displayName, 0, DISPLAY_NAME_CHARACTERS_MAX)) return false;
  return metadata === undefined || isMetadata(metadata);
}

function isMetadata(value: unknown): boolean {
  if (!isMap(value)) return false;
  const members = Object.entries(value);
  if (members.length > METADATA_KEYS_MAX) return false;
  return members.every(([name, text]) => !isPrototypeName(name) && isText(text, 0, METADATA_BYTES_MAX));
}

function isAddress(value: unknown): boolean {
  return isText(value, 0, ADDRESS_CHARACTERS_MAX);
}

function isKey(value: unknown): boolean {
  return isText(value, KEY_CHARACTERS.min, KEY_CHARACTERS.max);
}

function isAgentId(value: unknown): boolean {
  return typeof value === 'string' && parseAgentId(value) !== undefined;
}

function isHostId(value: unknown): boolean {
  return typeof value === 'string' && parseHostId(value) !== undefined;
}

function isAgentName(value: unknown): boolean {
  return isText(value, 1, AGENT_NAME_CHARACTERS_MAX) && AGENT_NAME.test(value);
}
