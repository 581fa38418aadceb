// The Log port over pino: one JSON line per event, on standard error, so that standard output keeps the ready line. Nothing waits for
// whoever reads it: lines that find no room are dropped, and `log.dropped` says how many once there is room again.
import { pino } from 'pino';
import type { Log } from '../log.ts';
import { type LineSink, openLineSink } from './line-sink.ts';

export type LogLevel = 'info' | 'warn' | 'error' | 'silent';

const WARN = 40;

/** Standard error, for the log and for the one sentence of a node that can't go on. */
export function openStandardError(stream: { readonly fd: number }): LineSink {
  const missing = (lines: number) =>
    `${JSON.stringify({ level: WARN, time: new Date().toISOString(), event: 'log.dropped', lines })}\n`;
  return openLineSink(stream, { missing });
}

/** `level`: the least severe event that is written. */
export function createLog(level: LogLevel, sink: LineSink, base: Readonly<Record<string, unknown>> = {}): Log {
  const logger = pino({ level, base, messageKey: 'event', timestamp: pino.stdTimeFunctions.isoTime }, sink);
  return {
    info: (event, fields = {}) => logger.info(fields, event),
    warn: (event, fields = {}) => logger.warn(fields, event),
    error: (event, fields = {}) => logger.error(fields, event),
  };
}
