/**
 * How text survives FreeSWITCH's three readers of it: `switch_separate_string` (`switch_utils.c`), which cuts
 * arguments; `switch_url_decode` and `switch_event_create_brackets`, through which the `{name=value}` of uuid_record
 * go; and `switch_channel_expand_variables` (`switch_channel.c`), through which an application's data go.
 */
import { MetaflowsError } from '../errors.js';

const ESCAPES: Record<string, string> = { '\n': '\\n', '\r': '\\r', "'": "\\'", '\\': '\\\\' };

/**
 * One argument for `switch_separate_string`: as it is where it is plain, else in quotes, inside which blanks and
 * delimiters mean nothing and no line break is left. Refuses NUL, at which the switch would stop reading.
 */
export function quote(text: string): string {
  if (text.includes('\0')) throw new MetaflowsError('invalid_command', 'NUL');
  if (/^[\w.+/:@=%-]+$/.test(text)) return text;
  return `'${text.replace(/[\n\r'\\]/g, (char) => ESCAPES[char] ?? char)}'`;
}

/**
 * The `{name=value,…}` of uuid_record: read as an argument, url-decoded, cut at commas and then at `=`. Braces are
 * counted before anything is unquoted, so that no value can hold one: refused.
 */
export function variableList(variables: Readonly<Record<string, string>>): string {
  const items = Object.entries(variables).map(([name, value]) => {
    if (/[{}]/.test(value)) throw new MetaflowsError('invalid_command', 'a brace in a variable');
    return quote(`${checkedName(name)}=${quote(value)}`);
  });
  return `{${items.join(',').replace(/[^\w.+/:@=,\u0080-\uffff-]/g, percent)}}`;
}

/** Text that `switch_channel_expand_variables` leaves, or makes, what it is here: no `${…}` in it is looked up. */
export function literal(text: string): string {
  const isRead = /\$\\*\{|\\[\\nst']/.test(text);
  return isRead ? escaped(text) : text;
}

/** {@link literal} for a part of a text that is expanded because of another part. */
export function escaped(text: string): string {
  return text.replace(/[\\$]/g, '\\$&');
}

/** {@link escaped} for the arguments of a `${command(…)}`, whose brackets are counted before anything in them is expanded. */
export function nested(text: string): string {
  return text.replace(/[\\$(){}]/g, (char) => `\${url_decode(${percent(char)})}`);
}

/** Refuses what is no variable name: nothing else is needed, and some characters mean something to the switch. */
export function checkedName(name: string): string {
  if (!/^[\w.-]+$/.test(name)) throw new MetaflowsError('invalid_command', 'no name for a variable');
  return name;
}

function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
