/** Mail over SMTP. */
import { createTransport } from 'nodemailer';
import type { MailTransport } from '../mail/mail.ts';

/** A server that takes longer than this for a step is away. */
const STEP_MS_MAX = 15_000;

/** `url`: smtp:// (STARTTLS where the server has it) or smtps://. `from`: the sender's address. */
export function smtpTransport(url: string, from: string): MailTransport {
  const timeouts = { connectionTimeout: STEP_MS_MAX, greetingTimeout: STEP_MS_MAX, socketTimeout: STEP_MS_MAX };
  const parsed = new URL(url);
  const transport = createTransport({
    host: parsed.hostname.replaceAll(/^\[|\]$/g, ''),
    port: Number(parsed.port) || (parsed.protocol === 'smtps:' ? 465 : 587),
    secure: parsed.protocol === 'smtps:',
    ...(parsed.username === '' ? {} : { auth: { user: decodeURIComponent(parsed.username), pass: decodeURIComponent(parsed.password) } }),
    ...timeouts,
    // No file and no address is ever fetched for a mail's content.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return async ({ to, subject, text }) => {
    await transport.sendMail({ from, to: { name: '', address: to }, subject, text });
  };
}
