import winston from 'winston';

/** A logger of every level, silent, and all that it would have written. */
export function capturingLog(): { log: winston.Logger; lines: string[] } {
  const lines: string[] = [];
  const log = winston.createLogger({
    level: 'silly',
    transports: [new winston.transports.Console({ silent: true })],
  });
  log.on('data', (info: object) => lines.push(JSON.stringify(info)));
  return { log, lines };
}
