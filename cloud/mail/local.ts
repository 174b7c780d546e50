/** Without a mail server mails are kept in memory, for a page that only this machine reads. */
import type { Mail, MailTransport } from './mail.ts';

/** Mails that are kept, the newest. */
const KEPT_MAX = 50;

export interface KeptMail extends Mail {
  readonly atMs: number;
}

export interface LocalMail {
  readonly transport: MailTransport;
  /** Newest first. */
  list(): readonly KeptMail[];
}

export function createLocalMail(now: () => number): LocalMail {
  const kept: KeptMail[] = [];
  return {
    transport: async (mail) => {
      kept.unshift({ ...mail, atMs: now() });
      kept.length = Math.min(kept.length, KEPT_MAX);
    },
    list: () => kept,
  };
}

/** The page at /dev/mail. */
export function mailPage(mails: readonly KeptMail[]): string {
  const items = mails.map((mail) => `<article><h2>${escape(mail.subject)}</h2><p>to ${escape(mail.to)}, ${new Date(mail.atMs).toISOString()}</p><pre>${linked(mail.text)}</pre></article>`);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Mail</title><style>body{font:15px/1.5 system-ui;max-width:44rem;margin:3rem auto;padding:0 1rem}pre{white-space:pre-wrap;background:#8881;padding:1rem;border-radius:6px}h2{margin-bottom:0}p{margin-top:0;opacity:.7}</style><h1>Mail</h1><p>No mail server is set (SMTP_URL), so mails are shown here, on this machine only.</p>${items.join('') || '<p>There is none yet.</p>'}</html>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function linked(text: string): string {
  return escape(text).replaceAll(/https?:\/\/[^\s<]+/g, (url) => `<a href="${url}">${url}</a>`);
}
