/** The log: JSON in production, readable in a terminal. Texts are constant, facts are metadata. */
import winston from 'winston';

/** An Error under `error` would print as `{}`: its name, code, message and stack are spelled out. */
const errors = winston.format((info) => {
  if (info['error'] instanceof Error) {
    const { name, message, stack } = info['error'];
    const code = 'code' in info['error'] ? { code: info['error'].code } : {};
    info['error'] = { name, ...code, message, ...(info.level === 'error' && { stack }) };
  }
  return info;
});

const readable = winston.format.printf(({ timestamp, level, message, ...facts }) => {
  const rest = Object.keys(facts).length > 0 ? ` ${JSON.stringify(facts)}` : '';
  return `${String(timestamp)} ${level} ${String(message)}${rest}`;
});

/** A logger to standard output; `level` is a winston level. */
export function createLog(level: string, terminal = process.stdout.isTTY): winston.Logger {
  const { combine, timestamp, json, colorize } = winston.format;
  return winston.createLogger({
    level,
    format: terminal
      ? combine(errors(), timestamp(), colorize({ level: true }), readable)
      : combine(errors(), timestamp(), json()),
    transports: [new winston.transports.Console()],
  });
}
