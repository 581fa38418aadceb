// systemd is told that the node answers (sd_notify(3)), where it asked for that. Node has no datagram sockets of the local kind, so systemd's
// own program says it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Log } from '../log.ts';

const PROGRAM = 'systemd-notify';
const NOTICE_MS_MAX = 5_000;

/** Says `READY=1` with a line of status; resolves when that is done, or in the log as failed. Does nothing where nobody asked. */
export async function noticeReady(status: string, environment: NodeJS.ProcessEnv, log: Log): Promise<void> {
  const { NOTIFY_SOCKET, PATH } = environment;
  if (!NOTIFY_SOCKET) return;
  const env = { NOTIFY_SOCKET, ...(PATH === undefined ? {} : { PATH }) };
  try {
    await promisify(execFile)(PROGRAM, ['--ready', `--status=${status}`], { env, timeout: NOTICE_MS_MAX });
  } catch (error) {
    const { message } = error as Error;
    log.warn('service.not_told', { message: `systemd could not be told that the node is ready: ${message}` });
  }
}
