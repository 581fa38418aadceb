// The Log port over pino: one JSON line per event, on standard error, so that standard output keeps the ready line.
import { destination, pino } from 'pino';
import type { Log } from '../log.ts';

export type LogLevel = 'info' | 'warn' | 'error' | 'silent';

/** `level`: the least severe event that is written. */
export function createLog(level: LogLevel, base: Readonly<Record<string, unknown>> = {}): Log {
  const logger = pino(
    { level, base, messageKey: 'event', timestamp: pino.stdTimeFunctions.isoTime },
    destination({ fd: 2, sync: true }),
  );
  return {
    info: (event, fields = {}) => logger.info(fields, event),
    warn: (event, fields = {}) => logger.warn(fields, event),
    error: (event, fields = {}) => logger.error(fields, event),
  };
}
