import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { newChannelSecret } from './seal.ts';
import { webhookHeaders } from './sign.ts';

const BODY = JSON.stringify({ type: 'channel.test', text: 'grüße' });

test('the verifier of Standard Webhooks accepts what is signed', () => {
  const secret = newChannelSecret();
  const headers = { ...webhookHeaders(secret, 'inc_1-opened-cha_1', Date.now(), BODY) };
  expect(new Webhook(secret).verify(BODY, headers)).toEqual(JSON.parse(BODY));
});

test.each([
  ['another body', 'inc_1-opened-cha_1', `${BODY} `],
  ['another id', 'inc_2-opened-cha_1', BODY],
])('the verifier refuses %s', (_name, id, body) => {
  const secret = newChannelSecret();
  const headers = { ...webhookHeaders(secret, 'inc_1-opened-cha_1', Date.now(), BODY), 'webhook-id': id };
  expect(() => new Webhook(secret).verify(body, headers)).toThrow();
});

test('the verifier refuses another channel’s secret', () => {
  const headers = { ...webhookHeaders(newChannelSecret(), 'inc_1-opened-cha_1', Date.now(), BODY) };
  expect(() => new Webhook(newChannelSecret()).verify(BODY, headers)).toThrow();
});
