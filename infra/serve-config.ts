/** Environment of `npm run serve` and `npm start`: one table, checked whole, all faults at once. Pure. */

export interface ServeConfig {
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
  /** Data folder, as given. */
  readonly data: string;
  /** Owner login of a Postgres of yours; undefined: the embedded one. */
  readonly databaseUrl: string | undefined;
  /** Undefined: made and kept in the data folder. */
  readonly secret: string | undefined;
  /** Undefined: the address that it listens on. */
  readonly publicUrl: string | undefined;
  /** host:port list of exceptions for outgoing webhooks. */
  readonly outboundAllow: string;
  /** Undefined: mails are shown on a page of this machine. */
  readonly mail: { readonly smtpUrl: string; readonly from: string } | undefined;
  /** Undefined: /metrics is for this machine only. */
  readonly metricsToken: string | undefined;
}

export interface ConfigFault {
  readonly name: string;
  readonly message: string;
}

export type ParsedConfig = { readonly kind: 'config'; readonly config: ServeConfig } | { readonly kind: 'faults'; readonly faults: readonly ConfigFault[] };

type Environment = Readonly<Record<string, string | undefined>>;

export interface Setting {
  readonly name: string;
  readonly fallback: string;
  readonly doc: string;
}

/** The table that `--help` prints. */
export const SETTINGS = [
  { name: 'PORT', fallback: '7400', doc: 'port of API and console; 0 takes a free one' },
  { name: 'HOST', fallback: '127.0.0.1', doc: 'address to listen on' },
  { name: 'SIDELIGHT_DATA', fallback: '.sidelight', doc: 'folder for the embedded Postgres, secrets and logs' },
  { name: 'DATABASE_URL', fallback: '', doc: 'Postgres 16 or later, a login that owns its database; empty: the embedded one' },
  { name: 'SIDELIGHT_SECRET', fallback: '', doc: 'signs sessions and seals channel secrets, 32 characters or more; empty: made and kept' },
  { name: 'PUBLIC_URL', fallback: '', doc: 'address under which people reach it; empty: http://HOST:PORT' },
  { name: 'OUTBOUND_ALLOW', fallback: '', doc: 'host:port,… that webhooks may reach although the address is private' },
  { name: 'SMTP_URL', fallback: '', doc: 'mail server, smtp://USER:PASSWORD@HOST:587 or smtps://…; empty: mails are shown at /dev/mail, on this machine only' },
  { name: 'MAIL_FROM', fallback: '', doc: 'sender of mails, as Sidelight <sidelight@example.com>; needed with SMTP_URL' },
  { name: 'METRICS_TOKEN', fallback: '', doc: 'bearer token of /metrics, 16 characters or more; empty: for this machine only' },
] as const satisfies readonly Setting[];

const METRICS_TOKEN_LENGTH_MIN = 16;
/** Sessions and sealed secrets rest on it. */
const SECRET_LENGTH_MIN = 32;

/** `env` → the configuration, or every fault in it. */
export function parseServeConfig(env: Environment): ParsedConfig {
  const faults: ConfigFault[] = [];
  const text = (name: (typeof SETTINGS)[number]['name']): string => {
    const value = env[name]?.trim();
    return value === undefined || value === '' ? (SETTINGS.find((setting) => setting.name === name)?.fallback ?? '') : value;
  };
  const refuse = (name: string, message: string | undefined): void => {
    if (message !== undefined) faults.push({ name, message });
  };
  refuse('PORT', portFault(text('PORT')));
  refuse('HOST', hostFault(text('HOST')));
  refuse('DATABASE_URL', databaseFault(text('DATABASE_URL')));
  refuse('SIDELIGHT_SECRET', secretFault(text('SIDELIGHT_SECRET')));
  refuse('PUBLIC_URL', publicUrlFault(text('PUBLIC_URL')));
  for (const entry of allowEntries(text('OUTBOUND_ALLOW'))) refuse('OUTBOUND_ALLOW', allowFault(entry));
  refuse('SMTP_URL', smtpFault(text('SMTP_URL')));
  refuse('MAIL_FROM', text('SMTP_URL') === '' || /[^\s@<>]+@[^\s@<>]+>?$/.test(text('MAIL_FROM')) ? undefined : 'it has no mail address in it, and SMTP_URL needs one');
  refuse('METRICS_TOKEN', metricsTokenFault(text('METRICS_TOKEN')));
  if (faults.length > 0) return { kind: 'faults', faults };
  const optional = (value: string): string | undefined => (value === '' ? undefined : value);
  return {
    kind: 'config',
    config: {
      host: text('HOST'),
      port: Number(text('PORT')),
      data: text('SIDELIGHT_DATA'),
      databaseUrl: optional(text('DATABASE_URL')),
      secret: optional(text('SIDELIGHT_SECRET')),
      publicUrl: optional(text('PUBLIC_URL')),
      outboundAllow: text('OUTBOUND_ALLOW'),
      mail: text('SMTP_URL') === '' ? undefined : { smtpUrl: text('SMTP_URL'), from: text('MAIL_FROM') },
      metricsToken: optional(text('METRICS_TOKEN')),
    },
  };
}

function portFault(text: string): string | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? undefined : `"${text}" is no port; it is a whole number from 0 to 65535`;
}

function hostFault(text: string): string | undefined {
  return /^[A-Za-z0-9.:_-]+$/.test(text) ? undefined : `"${text}" is no address to listen on, as 127.0.0.1, ::1 or 0.0.0.0 are`;
}

function databaseFault(text: string): string | undefined {
  if (text === '') return undefined;
  const url = URL.parse(text);
  const fits = url !== null && /^postgres(ql)?:$/.test(url.protocol) && url.hostname !== '' && url.username !== '' && url.pathname.length > 1;
  return fits ? undefined : 'it is not of the form postgres://OWNER:PASSWORD@HOST:PORT/DATABASE';
}

function secretFault(text: string): string | undefined {
  return text === '' || text.length >= SECRET_LENGTH_MIN ? undefined : `it has ${text.length} characters; ${SECRET_LENGTH_MIN} or more are needed`;
}

function smtpFault(text: string): string | undefined {
  const url = URL.parse(text);
  return text === '' || (url !== null && /^smtps?:$/.test(url.protocol) && url.hostname !== '') ? undefined : 'it is not of the form smtp://USER:PASSWORD@HOST:PORT';
}

function metricsTokenFault(text: string): string | undefined {
  return text === '' || text.length >= METRICS_TOKEN_LENGTH_MIN ? undefined : `it has ${text.length} characters; ${METRICS_TOKEN_LENGTH_MIN} or more are needed`;
}

function publicUrlFault(text: string): string | undefined {
  if (text === '') return undefined;
  const url = URL.parse(text);
  const fits = url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '';
  return fits ? undefined : `"${text}" is no origin, as https://sidelight.example.com is`;
}

function allowEntries(text: string): string[] {
  return text.split(',').map((entry) => entry.trim()).filter((entry) => entry !== '');
}

function allowFault(entry: string): string | undefined {
  const port = /^(?:\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/i.exec(entry)?.[1];
  return port !== undefined && Number(port) > 0 && Number(port) <= 65_535 ? undefined : `"${entry}" is not host:port`;
}
