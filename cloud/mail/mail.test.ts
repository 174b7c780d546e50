import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { parseConfig } from '../config.ts';
import { testDatabase } from '../db/testing.ts';
import { silentLog } from '../log.ts';
import { startCloud } from '../platform-node/cloud.ts';
import { smtpTransport } from '../platform-node/smtp.ts';
import { eventually, invited, signUp, signUpWithOrg, testCloud, TEST_SECRET } from '../testing.ts';
import { createMailer } from './mail.ts';
import { invitationMail } from './texts.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Mails as a server got them: envelope and everything after DATA. */
interface Received {
  readonly from: string;
  readonly to: string;
  readonly data: string;
}

/** A mail server that takes everything but the first `refuse` mails. */
async function mailServer(refuse = 0): Promise<{ readonly url: string; readonly mails: Received[] }> {
  const mails: Received[] = [];
  let refused = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let [from, to, data, inData, held] = ['', '', '', false, ''];
    const line = (text: string): void => {
      if (inData) {
        if (text !== '.') return void (data += `${text}\n`);
        inData = false;
        mails.push({ from, to, data });
        return void socket.write('250 taken\r\n');
      }
      const verb = text.slice(0, 4).toUpperCase();
      if (verb === 'MAIL') from = text;
      if (verb === 'RCPT') to = text;
      if (verb === 'DATA') [inData, data] = [true, ''];
      if (verb === 'QUIT') return void socket.end('221 bye\r\n');
      if (verb === 'MAIL' && refused < refuse) {
        refused++;
        return void socket.write('451 later\r\n');
      }
      socket.write(verb === 'DATA' ? '354 go on\r\n' : '250 ok\r\n');
    };
    socket.on('data', (bytes) => {
      held += bytes.toString();
      for (let end = held.indexOf('\r\n'); end >= 0; end = held.indexOf('\r\n')) {
        const text = held.slice(0, end);
        held = held.slice(end + 2);
        line(text);
      }
    });
    socket.on('error', () => undefined);
    socket.write('220 test\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, mails };
}

test('a mail reaches an SMTP server, and what people are called adds no header', async () => {
  const { url, mails } = await mailServer();
  const mail = invitationMail({ to: 'ada@example.test', org: 'Shop\r\nBcc: all@example.test', invitedBy: 'Eve\nTo: x@example.test', role: 'viewer', url: 'https://x.test/invitations/inv_1' });
  await smtpTransport(url, 'Sidelight <noreply@example.test>')(mail);
  expect(mails).toHaveLength(1);
  expect(mails[0]).toMatchObject({ from: expect.stringContaining('<noreply@example.test>'), to: expect.stringContaining('<ada@example.test>') });
  const headers = mails[0]?.data.split('\n\n')[0] ?? '';
  expect(headers).toMatch(/^Subject: Eve To: x@example.test invites you to Shop Bcc: all@example.test$/m);
  expect(headers).not.toMatch(/^Bcc:|^To: x@/m);
  expect(mails[0]?.data).toContain('https://x.test/invitations/inv_1');
});

test('a server that is busy is asked again, one that stays busy is given up and counted', async () => {
  const busy = await mailServer(2);
  const mailer = createMailer({ transport: smtpTransport(busy.url, 'noreply@example.test'), log: silentLog, retryMs: [5, 5, 5] });
  mailer.send({ to: 'a@example.test', subject: 's', text: 't' });
  await eventually(async () => expect(busy.mails).toHaveLength(1));
  await mailer.stop();
  expect(mailer.counters).toEqual({ sent: 1, retried: 2, failed: 0, dropped: 0 });
  const never = createMailer({ transport: async () => { throw new Error('away'); }, log: silentLog, retryMs: [1, 1] });
  never.send({ to: 'a@example.test', subject: 's', text: 't' });
  await eventually(async () => expect(never.counters.failed).toBe(1));
  expect(never.counters).toEqual({ sent: 0, retried: 2, failed: 1, dropped: 0 });
  await never.stop();
  never.send({ to: 'a@example.test', subject: 's', text: 't' });
  expect(never.counters.dropped).toBe(1);
});

const post = (url: string, path: string, body: unknown): Promise<Response> =>
  fetch(`${url}/api/auth/${path}`, { method: 'POST', headers: { 'content-type': 'application/json', origin: url }, body: JSON.stringify(body) });

test('without a mail server the mails are on a page that only this machine reads, and the link in one sets a new password once', async () => {
  const cloud = await testCloud();
  closing.push(() => cloud.stop());
  const [owner, person] = [await signUpWithOrg(cloud.url, 'mails'), await signUp(cloud.url, 'forgetful')];
  await invited(cloud.url, owner, 'mails', 'viewer');
  const page = async (): Promise<string> => (await fetch(`${cloud.url}/dev/mail`)).text();
  await eventually(async () => expect(await page()).toMatch(/mails invites you to mails on Sidelight/));
  expect((await fetch(`${cloud.url}/dev/mail`, { headers: { 'x-forwarded-for': '203.0.113.9' } })).status).toBe(403);
  const known = await post(cloud.url, 'request-password-reset', { email: person.email });
  const unknown = await post(cloud.url, 'request-password-reset', { email: 'nobody@example.test' });
  expect([known.status, await known.text()]).toEqual([unknown.status, await unknown.text()]);
  const token = await eventually(async () => {
    const found = new RegExp(`to ${person.email}[^]*?/reset-password\\?token=([\\w-]+)`).exec(await page())?.[1];
    expect(found).toBeDefined();
    return found ?? '';
  });
  expect(await page()).not.toContain('nobody@example.test');
  expect((await post(cloud.url, 'reset-password', { newPassword: 'an entirely new one', token })).status).toBe(200);
  expect((await post(cloud.url, 'reset-password', { newPassword: 'again another one', token })).status).toBe(400);
  expect((await person.call('GET', '/api/v1/me')).status).toBe(401);
  expect((await post(cloud.url, 'sign-in/email', { email: person.email, password: person.password })).status).toBe(401);
  expect((await post(cloud.url, 'sign-in/email', { email: person.email, password: 'an entirely new one' })).status).toBe(200);
});

test('with a mail server nobody signs in before their address is confirmed', async () => {
  const { url: smtpUrl, mails } = await mailServer();
  const database = await testDatabase();
  const parsed = parseConfig({ PORT: '0', DATABASE_URL: database.serverUrl, SIDELIGHT_SECRET: TEST_SECRET, SMTP_URL: smtpUrl, MAIL_FROM: 'noreply@example.test' });
  if (parsed.kind === 'faults') throw new Error(JSON.stringify(parsed.faults));
  const cloud = await startCloud({ config: parsed.config, consoleDir: '/nonexistent', log: silentLog, now: Date.now });
  closing.push(async () => {
    await cloud.stop();
    await database.drop();
  });
  const account = { email: 'new@example.test', password: 'correct horse battery staple' };
  const made = await post(cloud.url, 'sign-up/email', { ...account, name: 'New' });
  expect([made.status, made.headers.getSetCookie()]).toEqual([200, []]);
  expect((await post(cloud.url, 'sign-in/email', account)).status).toBe(403);
  const link = await eventually(async () => {
    const text = mails.map((mail) => mail.data.replaceAll('=\n', '').replaceAll('=3D', '=')).join('');
    const found = /http:\/\/\S+verify-email\?token=\S+/.exec(text)?.[0];
    expect(found).toBeDefined();
    return found ?? '';
  });
  const confirmed = await fetch(link, { redirect: 'manual' });
  expect([confirmed.status, confirmed.headers.get('location')]).toEqual([302, '/']);
  const signedIn = await post(cloud.url, 'sign-in/email', account);
  expect(signedIn.status).toBe(200);
  expect((await fetch(`${cloud.url}/dev/mail`)).headers.get('content-type')).not.toContain('text/html');
});
