/** The mails that the cloud writes. Pure. */
import type { Role } from '../wire/roles.ts';
import type { Mail } from './mail.ts';

const SIGNATURE = '\n\n-- \nSidelight';

/** Names come from people: without line breaks they change neither a subject nor another line. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').trim();
}

export function invitationMail(input: { readonly to: string; readonly org: string; readonly invitedBy: string; readonly role: Role; readonly url: string }): Mail {
  const [org, by] = [oneLine(input.org), oneLine(input.invitedBy)];
  return {
    to: input.to, subject: `${by} invites you to ${org} on Sidelight`,
    text: `${by} invites you to the organization ${org} on Sidelight, as ${input.role}.\n\nAccept within 7 days:\n${input.url}\n\nIf you don't know why you get this, ignore it.${SIGNATURE}`,
  };
}

export function verificationMail(input: { readonly to: string; readonly url: string }): Mail {
  return {
    to: input.to, subject: 'Confirm your address for Sidelight',
    text: `Confirm that this address is yours:\n${input.url}\n\nThe link works for one hour. If you made no account, ignore this.${SIGNATURE}`,
  };
}

export function resetMail(input: { readonly to: string; readonly url: string }): Mail {
  return {
    to: input.to, subject: 'A new password for Sidelight',
    text: `Somebody, hopefully you, asked for a new password. Choose it here:\n${input.url}\n\nThe link works once, within one hour, and signs out every session. If it wasn't you, ignore this: nothing has changed.${SIGNATURE}`,
  };
}
