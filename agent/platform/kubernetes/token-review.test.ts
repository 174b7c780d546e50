import { expect, test } from 'vitest';
import { proofOf, type ReviewStatus } from './token-review.ts';

const GOOD = {
  authenticated: true, audiences: ['identity.sidelight.dev'],
  user: { username: 'system:serviceaccount:shop:web', extra: { 'authentication.kubernetes.io/pod-name': ['web-5d-x'] } },
} as const satisfies ReviewStatus;
const podOwner = (pod: string) => (pod === 'shop/web-5d-x' ? { workload: 'shop/deployment/web', serviceAccount: 'web' } : null);
const proof = (over: ReviewStatus, workload = 'shop/deployment/web') => proofOf({ ...GOOD, ...over }, workload, podOwner, 'cluster.local');

test('a pod’s token proves the identity of its service account, for its own workload', () => {
  expect(proof({})).toEqual({ kind: 'proved', identity: 'web.shop.serviceaccount.identity.sidelight.cluster.local' });
});

test.each<[string, ReviewStatus, RegExp]>([
  ['that the API server doesn’t take', { authenticated: false, error: 'expired' }, /not valid \(expired\)/],
  ['of an API server that says nothing', { authenticated: undefined } as unknown as ReviewStatus, /not valid/],
  ['for another audience', { audiences: ['https://kubernetes.default.svc'] }, /not for identity.sidelight.dev/],
  ['for no audience', { audiences: [] }, /not for/],
  ['of a person', { user: { username: 'admin', extra: GOOD.user.extra } }, /service account/],
  ['with a forged name', { user: { username: 'system:serviceaccount:shop:web:web', extra: GOOD.user.extra } }, /service account/],
  ['that is bound to no pod', { user: { username: GOOD.user.username } }, /no pod/],
  ['of a pod that isn’t known', { user: { ...GOOD.user, extra: { 'authentication.kubernetes.io/pod-name': ['gone'] } } }, /not known/],
  ['of a pod of that name in another namespace', { user: { ...GOOD.user, username: 'system:serviceaccount:other:web' } }, /other\/web-5d-x is not known/],
  ['of another account than the pod’s', { user: { ...GOOD.user, username: 'system:serviceaccount:shop:root' } }, /runs as web, not as root/],
])('a token %s proves nothing', (_, over, reason) => {
  expect(proof(over)).toEqual({ kind: 'refused', reason: expect.stringMatching(reason) });
});

test('a pod can’t ask for another workload', () => {
  expect(proof({}, 'shop/deployment/cart')).toMatchObject({ kind: 'refused', reason: expect.stringMatching(/is of shop\/deployment\/web/) });
});
