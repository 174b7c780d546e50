/**
 * What a restarted proxy needs to serve without a control plane: leaf with key, trust bundle, last good orders. Files of
 * 0600, each written beside its place and then moved there, so that a kill at any moment leaves a whole one.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeOrders } from '../control/decode.ts';
import { ShapeError } from '../control/shape.ts';
import { StartFault } from '../start-fault.ts';
import type { ProxyOrders } from '../wire/orders.ts';
import type { LeafMaterial } from './verify.ts';

/** Key and chain are one file, so that they always fit each other. */
const LEAF_FILE = 'leaf.pem';
const BUNDLE_FILE = 'trust-bundle.pem';
const ORDERS_FILE = 'orders.json';
const PROBE_FILE = 'probe';

const PRIVATE_KEY = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/;

/** What was found; `problems` are sentences about files that are there but of no use. */
export interface LoadedState {
  readonly material: LeafMaterial | null;
  readonly orders: ProxyOrders | null;
  readonly problems: readonly string[];
}

export class StateFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder (0700) and tries to write there. Throws `StartFault`. */
  open(): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      chmodSync(this.#folder, 0o700);
      this.#write(PROBE_FILE, '');
      rmSync(join(this.#folder, PROBE_FILE));
    } catch (error) {
      throw new StartFault('state_unwritable', `${this.#folder} can't be made or written: ${String(error)}; give another folder, or none`, error);
    }
  }

  load(): LoadedState {
    const problems: string[] = [];
    const read = (file: string): string | null => {
      try {
        return readFileSync(join(this.#folder, file), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') problems.push(`${file} can't be read: ${String(error)}`);
        return null;
      }
    };
    const leaf = read(LEAF_FILE);
    const trustBundle = read(BUNDLE_FILE);
    const orders = read(ORDERS_FILE);
    return { material: readLeaf(leaf, trustBundle, problems), orders: readOrders(orders, problems), problems };
  }

  saveLeaf(material: LeafMaterial): void {
    this.#write(BUNDLE_FILE, material.trustBundle);
    this.#write(LEAF_FILE, `${material.privateKey.trimEnd()}\n${material.certificateChain}`);
  }

  saveBundle(trustBundle: string): void {
    this.#write(BUNDLE_FILE, trustBundle);
  }

  saveOrders(orders: ProxyOrders): void {
    this.#write(ORDERS_FILE, JSON.stringify(orders));
  }

  #write(file: string, text: string): void {
    const path = join(this.#folder, file);
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    chmodSync(`${path}.new`, 0o600);
    renameSync(`${path}.new`, path);
  }
}

function readLeaf(leaf: string | null, trustBundle: string | null, problems: string[]): LeafMaterial | null {
  if (leaf === null || trustBundle === null) return null;
  const privateKey = PRIVATE_KEY.exec(leaf)?.[0];
  if (privateKey === undefined) {
    problems.push(`${LEAF_FILE} holds no private key`);
    return null;
  }
  return { privateKey, certificateChain: leaf.replace(PRIVATE_KEY, ''), trustBundle };
}

function readOrders(text: string | null, problems: string[]): ProxyOrders | null {
  if (text === null) return null;
  try {
    return decodeOrders(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof SyntaxError)) throw error;
    problems.push(`${ORDERS_FILE} is of no use: ${error.message}`);
    return null;
  }
}
