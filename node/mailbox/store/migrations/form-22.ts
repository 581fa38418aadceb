// Form 22: what happens to a domain is counted of the pod that brought it, too, in a scope of its own: the row of the pod, negative. It goes with
// the pod, whose row another may get.
import type { Migration } from './migration.ts';

export const form22: Migration = (database) => database.exec(COUNTED);

const COUNTED = `
CREATE TRIGGER pod_event_tallied AFTER INSERT ON event WHEN new.domain_pod_id IS NOT NULL BEGIN
  INSERT INTO tally (scope, type, second, count)
  SELECT -row, new.event_type, new.at / 1000, 1 FROM pod WHERE pod_id = new.domain_pod_id
  ON CONFLICT (scope, type, second) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER counts_of_deleted_pod AFTER DELETE ON pod BEGIN
  DELETE FROM tally WHERE scope = -old.row;
END;

INSERT INTO tally (scope, type, second, count)
  SELECT -pod.row, event_type, at / 1000, count(*) FROM event JOIN pod ON pod.pod_id = domain_pod_id GROUP BY 1, 2, 3;
`;
