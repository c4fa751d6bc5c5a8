/** `esl://:password@host:port`, one of `METAFLOWS_SWITCHES`. */

export interface SwitchAddress {
  /** A name or an address, an IPv6 one without brackets. */
  host: string;
  port: number;
  password: string;
}

const DEFAULT_PORT = 8021;

/** Reads the URL of one switch, or says in a sentence, without the password, what is wrong with it. */
export function parseSwitchUrl(text: string): SwitchAddress | string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'esl:' || url.hostname === '') {
    return 'a switch is `embedded` or esl://:password@host:port';
  }
  const host = decode(url.hostname.replace(/^\[(.*)\]$/, '$1'));
  const password = decode(url.password);
  if (host === undefined || /[^\w.:-]/.test(host)) return 'the host of a switch is a name or an address';
  if (url.username !== '') return `${host}: a switch has a password and no user: esl://:password@host:port`;
  if (password === undefined) return `${host}: the password holds a % that is no escape; write %25`;
  if (password === '') return `${host}: the password is missing`;
  if (/[\r\n\0]/.test(password)) return `${host}: the password holds a line break or NUL`;
  if (url.port === '0') return `${host}: the port is from 1 to 65535`;
  if (/^\/?$/.exec(url.pathname) === null || url.search !== '' || url.hash !== '') {
    return `${host}: nothing comes after the port; in a password / is %2F, ? is %3F, # is %23`;
  }
  return { host, port: url.port === '' ? DEFAULT_PORT : Number(url.port), password };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
