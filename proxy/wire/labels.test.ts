import { expect, test } from 'vitest';
import { identityOf, parseIdentity } from './labels.ts';

const DOMAIN = 'cluster.local';
const SUFFIX = `.serviceaccount.identity.sidelight.${DOMAIN}`;

test('an identity is made and read back', () => {
  for (const [serviceAccount, namespace] of [['web', 'shop'], ['a', 'b'], ['web-2', 'team-9'], ['9', '0']] as const) {
    const identity = identityOf(serviceAccount, namespace, DOMAIN);
    expect(identity).toBe(`${serviceAccount}.${namespace}${SUFFIX}`);
    expect(parseIdentity(identity, DOMAIN)).toEqual({ serviceAccount, namespace });
  }
});

test.each([
  ['a wildcard account', `*.shop${SUFFIX}`],
  ['a wildcard namespace', `web.*${SUFFIX}`],
  ['a wildcard for both', `*${SUFFIX}`],
  ['a part of a wildcard', `we*.shop${SUFFIX}`],
  ['no account', `.shop${SUFFIX}`],
  ['no namespace', `web.${SUFFIX}`],
  ['one label only', `web${SUFFIX}`],
  ['three labels', `web.shop.more${SUFFIX}`],
  ['upper case', `Web.shop${SUFFIX}`],
  ['an underscore', `web_1.shop${SUFFIX}`],
  ['a leading hyphen', `-web.shop${SUFFIX}`],
  ['a trailing hyphen', `web-.shop${SUFFIX}`],
  ['a space', `web .shop${SUFFIX}`],
  ['a line end', `web.shop\n${SUFFIX}`],
  ['a NUL', `web\0.shop${SUFFIX}`],
  ['two names', `web.shop${SUFFIX}, DNS:admin.shop${SUFFIX}`],
  ['another trust domain', 'web.shop.serviceaccount.identity.sidelight.example.org'],
  ['a trust domain that ends alike', `web.shop.serviceaccount.identity.sidelight.evil.${DOMAIN}`],
  ['a final dot', `web.shop${SUFFIX}.`],
  ['another mesh', 'web.shop.serviceaccount.identity.linkerd.cluster.local'],
  ['the suffix alone', SUFFIX],
  ['nothing', ''],
])('%s is no identity', (_, identity) => {
  expect(parseIdentity(identity, DOMAIN)).toBeNull();
});
