/**
 * Tests that need rights or programs that not every machine has. They are skipped there, never silently: the title of
 * such a test begins with `needs [reason]`, by which `npm test` tells and counts it apart from tests that somebody left out.
 */
import { test } from 'vitest';
import { type Tool, netnsSupport } from './netns.ts';

/** Runs a test where namespaces, these tools and this interface of iptables are, else skips it with the reason in its title. */
export function testInNetns(tools: readonly Tool[], tables?: 'nft' | 'legacy'): (title: string, work: () => Promise<void> | void, timeoutMs?: number) => void {
  const support = netnsSupport(tools, tables);
  return (title, work, timeoutMs) => {
    const named = support.kind === 'ready' ? title : `needs [${support.reason.replaceAll(']', ')')}] ${title}`;
    test.runIf(support.kind === 'ready')(named, work, timeoutMs);
  };
}
