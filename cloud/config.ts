/** The cloud's settings from the environment: parsed as a whole, every fault told at once. Pure. */
import { parseOutboundAllow } from './alerts/outbound.ts';

/** Each setting with its default and meaning; the README's table is made from it. */
export const SETTINGS = [
  { name: 'PORT', default: '7400', meaning: 'TCP port of the API and the console; 0 takes a free one' },
  { name: 'HOST', default: '127.0.0.1', meaning: 'address to listen on' },
  { name: 'DATABASE_URL', default: null, meaning: 'Postgres, as the server’s login (sidelight_server), not the owner' },
  { name: 'SIDELIGHT_SECRET', default: null, meaning: '32 characters or more; signs sessions and seals webhook secrets; keep it for ever' },
  { name: 'PUBLIC_URL', default: 'http://HOST:PORT', meaning: 'origin under which people and agents reach the cloud' },
  { name: 'OUTBOUND_ALLOW', default: '', meaning: 'host:port entries, separated by commas, that webhooks may reach although they are private' },
  { name: 'SMTP_URL', default: '', meaning: 'mail server, smtp://USER:PASSWORD@HOST:587 or smtps://…; sign-in then needs a confirmed address. Without one mails are shown at /dev/mail, on this machine only and never under a public address' },
  { name: 'MAIL_FROM', default: '', meaning: 'sender of mails, as Sidelight <sidelight@example.com>; needed with SMTP_URL' },
  { name: 'METRICS_TOKEN', default: '', meaning: 'bearer token of /metrics, 16 characters or more; without one only this machine may read it, and under a public address nobody' },
  { name: 'CONSOLE_DIR', default: 'web/dist', meaning: 'folder of the built console' },
  { name: 'CLOCK_OFFSET_MS', default: '0', meaning: 'for tests: added to the clock of this machine' },
  { name: 'LOG_LEVEL', default: 'info', meaning: 'debug, info, warn or error' },
] as const;

/** The table in Markdown. */
export function settingsTable(): string {
  const shown = (fallback: string | null): string => (fallback === null ? 'must be set' : fallback === '' ? 'none' : `\`${fallback}\``);
  return ['| setting | default | meaning |', '|---|---|---|', ...SETTINGS.map((setting) => `| \`${setting.name}\` | ${shown(setting.default)} | ${setting.meaning} |`)].join('\n');
}

export type SettingName = (typeof SETTINGS)[number]['name'];
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface CloudConfig {
  readonly port: number;
  readonly host: string;
  readonly databaseUrl: string;
  readonly secret: string;
  /** Null: made from the address that the server got. */
  readonly publicUrl: string | null;
  readonly outboundAllow: readonly string[];
  /** Null: mails stay in memory, for a page on this machine. */
  readonly mail: { readonly smtpUrl: string; readonly from: string } | null;
  /** Null: /metrics is for this machine only. */
  readonly metricsToken: string | null;
  readonly consoleDir: string | null;
  readonly clockOffsetMs: number;
  readonly logLevel: LogLevel;
}

export interface ConfigFault {
  readonly setting: SettingName;
  /** What is wrong with it and what to do. */
  readonly message: string;
}

export type ParsedConfig = { readonly kind: 'config'; readonly config: CloudConfig } | { readonly kind: 'faults'; readonly faults: readonly ConfigFault[] };

const SECRET_LENGTH_MIN = 32;
const METRICS_TOKEN_LENGTH_MIN = 16;
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export function parseConfig(env: Readonly<Record<string, string | undefined>>): ParsedConfig {
  const faults: ConfigFault[] = [];
  const fault = (setting: SettingName, message: string): void => { faults.push({ setting, message }); };
  const text = (setting: SettingName): string => env[setting]?.trim() ?? '';
  const config: CloudConfig = {
    port: parsePort(text('PORT') || '7400', (message) => fault('PORT', message)),
    host: text('HOST') || '127.0.0.1',
    databaseUrl: parseDatabase(text('DATABASE_URL'), (message) => fault('DATABASE_URL', message)),
    secret: parseSecret(env['SIDELIGHT_SECRET'] ?? '', (message) => fault('SIDELIGHT_SECRET', message)),
    publicUrl: text('PUBLIC_URL') === '' ? null : parsePublicUrl(text('PUBLIC_URL'), (message) => fault('PUBLIC_URL', message)),
    outboundAllow: parseAllow(text('OUTBOUND_ALLOW'), (message) => fault('OUTBOUND_ALLOW', message)),
    mail: parseMail(text('SMTP_URL'), text('MAIL_FROM'), fault),
    metricsToken: parseToken(text('METRICS_TOKEN'), (message) => fault('METRICS_TOKEN', message)),
    consoleDir: text('CONSOLE_DIR') || null,
    clockOffsetMs: parseOffset(text('CLOCK_OFFSET_MS') || '0', (message) => fault('CLOCK_OFFSET_MS', message)),
    logLevel: parseLevel(text('LOG_LEVEL') || 'info', (message) => fault('LOG_LEVEL', message)),
  };
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'config', config };
}

type Complain = (message: string) => void;

function parsePort(text: string, complain: Complain): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) complain(`"${text}" is no port; give a number from 0 to 65535`);
  return port;
}

function parseOffset(text: string, complain: Complain): number {
  if (!/^-?\d{1,12}$/.test(text)) complain(`"${text}" is no whole number of milliseconds`);
  return Number(text);
}

function parseDatabase(text: string, complain: Complain): string {
  if (text === '') complain('is missing; give postgres://sidelight_server:PASSWORD@HOST:PORT/DATABASE');
  else if (!/^postgres(?:ql)?:$/.test(parseUrl(text)?.protocol ?? '')) complain('is no postgres:// URL');
  return text;
}

function parseSecret(text: string, complain: Complain): string {
  if (text.length < SECRET_LENGTH_MIN) complain(`has ${text.length} characters; give at least ${SECRET_LENGTH_MIN}, for example from: openssl rand -base64 32`);
  return text;
}

function parseMail(smtpUrl: string, from: string, fault: (setting: SettingName, message: string) => void): CloudConfig['mail'] {
  if (smtpUrl === '') return null;
  const url = parseUrl(smtpUrl);
  if (!url || !/^smtps?:$/.test(url.protocol) || url.hostname === '') fault('SMTP_URL', 'is no smtp:// or smtps:// URL with a host');
  if (!/^[^\r\n]*[^\s@<>]+@[^\s@<>]+>?$/.test(from)) fault('MAIL_FROM', from === '' ? 'is missing; give the sender, as Sidelight <sidelight@example.com>' : 'has no mail address in it');
  return { smtpUrl, from };
}

function parseToken(text: string, complain: Complain): string | null {
  if (text !== '' && text.length < METRICS_TOKEN_LENGTH_MIN) complain(`has ${text.length} characters; give at least ${METRICS_TOKEN_LENGTH_MIN}`);
  return text === '' ? null : text;
}

function parsePublicUrl(text: string, complain: Complain): string {
  const url = parseUrl(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) complain(`"${text}" is no http(s) URL`);
  else if (url.pathname !== '/' || url.search !== '' || url.hash !== '') complain(`"${text}" has a path; give the origin only, as ${url.origin}`);
  return url?.origin ?? text;
}

function parseAllow(text: string, complain: Complain): string[] {
  for (const message of parseOutboundAllow(text).faults) complain(message);
  return text.split(/[\s,]+/).filter((entry) => entry !== '');
}

function parseLevel(text: string, complain: Complain): LogLevel {
  const level = LEVELS.find((known) => known === text);
  if (!level) complain(`"${text}" is none of ${LEVELS.join(', ')}`);
  return level ?? 'info';
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
