import { expect, test } from 'vitest';
import { newChannelSecret, seal, SealError, sealingKey, unseal } from './seal.ts';

const KEY = sealingKey('a server secret of some length');
const OWNER = { orgId: 'org_1', channelId: 'ch_1' };

test('a secret is 32 random bytes in the form of Standard Webhooks', () => {
  const secret = newChannelSecret();
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(newChannelSecret()).not.toBe(secret);
});

test('a sealed secret opens again, and its bytes do not show it', () => {
  const secret = newChannelSecret();
  const sealed = seal(KEY, OWNER, secret);
  expect(unseal(KEY, OWNER, sealed)).toBe(secret);
  expect(Buffer.from(sealed).includes(secret)).toBe(false);
  expect(seal(KEY, OWNER, secret)).not.toEqual(sealed);
});

test.each([
  ['another server secret', sealingKey('another server secret, as long'), OWNER],
  ['another channel', KEY, { orgId: 'org_1', channelId: 'ch_2' }],
  ['another organization', KEY, { orgId: 'org_2', channelId: 'ch_1' }],
])('a secret does not open under %s', (_name, key, owner) => {
  const sealed = seal(KEY, OWNER, newChannelSecret());
  expect(() => unseal(key, owner, sealed)).toThrow(SealError);
});

test('a secret changed in any byte, or cut short, does not open', () => {
  const sealed = seal(KEY, OWNER, 'whsec_x');
  for (let index = 0; index < sealed.length; index += 1) {
    const changed = Uint8Array.from(sealed, (byte, at) => (at === index ? byte ^ 1 : byte));
    expect(() => unseal(KEY, OWNER, changed)).toThrow(SealError);
    expect(() => unseal(KEY, OWNER, sealed.subarray(0, index))).toThrow(SealError);
  }
});

test('a short server secret is refused with what to do', () => {
  expect(() => sealingKey('short')).toThrow(/SIDELIGHT_SECRET has 5 characters; set at least 16/);
});
