// The organization whose mailbox it is, with its default pod.
import type { Random } from '../../../mesh/ports.ts';
import { newUuid } from '../../../mesh/uuid.ts';
import type { Organization } from '../inbox.ts';
import type { Connection } from './database.ts';

const FILE_KEY_BYTES = 32;

/** The organization whose mailbox it is, written down at the first start. */
export function organizationIn(
  connection: Connection,
  { random, nowMs }: { readonly random: Random; readonly nowMs: number },
): Organization {
  const sql = 'SELECT * FROM organization';
  const known = connection.get<{ id: string; pod_id: string; file_key: Uint8Array; created_at: number }>(sql);
  if (known !== undefined)
    return {
      organizationId: known.id,
      podId: known.pod_id,
      fileKey: known.file_key,
      createdAtMs: known.created_at,
    };
  const [organizationId, podId] = [newUuid(random), newUuid(random)];
  const fileKey = random.bytes(FILE_KEY_BYTES);
  const add = 'INSERT INTO organization (id, pod_id, file_key, created_at) VALUES (?, ?, ?, ?)';
  connection.run(add, organizationId, podId, fileKey, nowMs);
  const pod = "INSERT INTO pod (pod_id, name, created_at, updated_at) VALUES (?, 'Default', ?, ?)";
  connection.run(pod, podId, nowMs, nowMs);
  return { organizationId, podId, fileKey, createdAtMs: nowMs };
}
