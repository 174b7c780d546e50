/** The certificate authority of a mesh: made on first start, kept in a folder, issues short-lived leaves. */
import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Identity } from '../../proxy/wire/labels.ts';
import { AgentFault, messageOf } from '../fault.ts';
import { buildCertificate } from './certificate.ts';

/** Clocks of hosts differ by a little: certificates begin this long ago. */
export const NOT_BEFORE_BACK_MS = 5 * 60_000;
/** The authority's own certificate is made before anything can tell that this machine's clock is wrong. */
const AUTHORITY_NOT_BEFORE_BACK_MS = 24 * 3_600_000;
export const LEAF_TTL_MS = 24 * 3_600_000;
const AUTHORITY_TTL_MS = 10 * 365 * 24 * 3_600_000;

const KEY_FILE = 'key.pem';
const CERTIFICATE_FILE = 'certificate.pem';

export interface Leaf {
  readonly certificatePem: string;
  readonly notAfterMs: number;
}

/** A certificate together with its private key, both PEM. */
export interface KeyedLeaf extends Leaf {
  readonly keyPem: string;
}

export class Authority {
  readonly certificatePem: string;
  readonly notAfterMs: number;
  readonly #name: string;
  readonly #key: KeyObject;

  constructor(name: string, key: KeyObject, certificatePem: string) {
    this.certificatePem = certificatePem;
    this.notAfterMs = new X509Certificate(certificatePem).validToDate.getTime();
    this.#name = name;
    this.#key = key;
  }

  /** A leaf for one identity, which becomes its only SAN. */
  issue(publicKey: KeyObject, identity: Identity, nowMs: number, ttlMs: number): Leaf {
    return this.issueAs(publicKey, [identity], nowMs - NOT_BEFORE_BACK_MS, Math.min(nowMs + ttlMs, this.notAfterMs));
  }

  /** A leaf with any names and times. */
  issueAs(publicKey: KeyObject, dnsNames: readonly string[], notBeforeMs: number, notAfterMs: number): Leaf {
    const issuer = { issuerName: this.#name, issuerKey: this.#key, serial: randomBytes(16) };
    const certificatePem = buildCertificate({ ...issuer, publicKey, notBeforeMs, notAfterMs, holder: { kind: 'leaf', dnsNames } });
    return { certificatePem, notAfterMs: new X509Certificate(certificatePem).validToDate.getTime() };
  }

  /** A leaf for one identity on a new key. */
  issueKeyed(identity: Identity, nowMs: number, ttlMs: number): KeyedLeaf {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return { ...this.issue(publicKey, identity, nowMs, ttlMs), keyPem: pemOf(privateKey) };
  }
}

/** A new authority, not written anywhere. */
export function createAuthority(trustDomain: string, nowMs: number): { authority: Authority; keyPem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = `Sidelight ${trustDomain}`;
  const times = { notBeforeMs: nowMs - AUTHORITY_NOT_BEFORE_BACK_MS, notAfterMs: nowMs + AUTHORITY_TTL_MS };
  const issuer = { issuerName: name, issuerKey: privateKey, serial: randomBytes(16) };
  const pem = buildCertificate({ ...issuer, ...times, publicKey, holder: { kind: 'authority', name } });
  return { authority: new Authority(name, privateKey, pem), keyPem: pemOf(privateKey) };
}

/**
 * The authority in `folder`, made when there is none. Throws `AgentFault` `ca_unreadable`, `ca_mismatch`, `ca_expired`
 * or `ca_other_trust_domain`: a broken authority is never replaced by itself, since all proxies trust the old one.
 */
export function openAuthority(folder: string, trustDomain: string, nowMs: number): Authority {
  if (!existsSync(folder)) return makeAuthority(folder, trustDomain, nowMs);
  const { key, certificate } = readAuthority(folder);
  const remedy = `restore ${folder} from a backup, or remove it to start a new authority and give its trust-bundle.pem to every proxy`;
  return checked({ key, certificate, place: folder, remedy, trustDomain, nowMs });
}

/** An authority from its PEM texts; `place` is where they are kept, for people. Throws `AgentFault` as `openAuthority`. */
export function authorityOf({ keyPem, certificatePem, place, trustDomain, nowMs }: { keyPem: string; certificatePem: string; place: string; trustDomain: string; nowMs: number }): Authority {
  const remedy = `restore ${place} from a backup, or remove it to start a new authority and restart every meshed pod`;
  try {
    const [key, certificate] = [createPrivateKey(keyPem), new X509Certificate(certificatePem)];
    return checked({ key, certificate, place, remedy, trustDomain, nowMs });
  } catch (cause) {
    if (cause instanceof AgentFault) throw cause;
    throw new AgentFault('ca_unreadable', `the authority in ${place} can't be read: ${messageOf(cause)}`, remedy, { cause });
  }
}

interface Read {
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
  readonly place: string;
  readonly remedy: string;
  readonly trustDomain: string;
  readonly nowMs: number;
}

function checked({ key, certificate, place, remedy, trustDomain, nowMs }: Read): Authority {
  if (!certificate.checkPrivateKey(key)) throw new AgentFault('ca_mismatch', `key and certificate in ${place} don't belong together`, remedy);
  if (certificate.validToDate.getTime() <= nowMs) throw new AgentFault('ca_expired', `the authority in ${place} ended on ${certificate.validTo}`, remedy);
  const name = `Sidelight ${trustDomain}`;
  if (certificate.subject !== `CN=${name}`) {
    throw new AgentFault('ca_other_trust_domain', `the authority in ${place} is of another trust domain than ${trustDomain} (${certificate.subject})`, remedy);
  }
  return new Authority(name, key, certificate.toString());
}

function readAuthority(folder: string): { key: KeyObject; certificate: X509Certificate } {
  try {
    const keyFile = join(folder, KEY_FILE);
    if ((statSync(keyFile).mode & 0o077) !== 0) chmodSync(keyFile, 0o600);
    return { key: createPrivateKey(readFileSync(keyFile)), certificate: new X509Certificate(readFileSync(join(folder, CERTIFICATE_FILE))) };
  } catch (cause) {
    throw new AgentFault('ca_unreadable', `the authority in ${folder} can't be read: ${messageOf(cause)}`, 'restore the folder, or give the agent the right to read it', { cause });
  }
}

/** Key and certificate appear together or not at all. */
function makeAuthority(folder: string, trustDomain: string, nowMs: number): Authority {
  const { authority, keyPem } = createAuthority(trustDomain, nowMs);
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  writeFileSync(join(fresh, KEY_FILE), keyPem, { mode: 0o600, flush: true });
  writeFileSync(join(fresh, CERTIFICATE_FILE), authority.certificatePem, { mode: 0o644, flush: true });
  renameSync(fresh, folder);
  return authority;
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
