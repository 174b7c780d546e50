/** The checklist of the connect page: what was seen so far, and what to try under the step that is stuck. Pure. */
import type { z } from 'zod';
import type { ConnectionStep as ConnectionStepSchema } from '../../wire/entities.ts';
import { age, counted } from '../../series/words.ts';

type ConnectionStep = z.infer<typeof ConnectionStepSchema>;

/** What is known of a cluster's connecting; times in ms since 1970. */
export interface ConnectionFacts {
  readonly publicUrl: string;
  readonly nowMs: number;
  readonly tokenUsedMs: number | null;
  readonly agentOnlineMs: number | null;
  readonly agent: { readonly version: string | null; readonly platform: string | null; readonly connected: boolean; readonly lastSeenMs: number | null };
  readonly firstProxyMs: number | null;
  readonly proxies: { readonly total: number; readonly ready: number };
  readonly firstRequestMs: number | null;
}

type Draft = Pick<ConnectionStep, 'key' | 'title' | 'seen' | 'remedy' | 'command'> & { readonly atMs: number | null };

/** The first step that isn't done is the current one; only it carries a remedy. */
export function connectionSteps(facts: ConnectionFacts): ConnectionStep[] {
  const drafts = [tokenStep(facts), agentStep(facts), proxyStep(facts), requestStep(facts)];
  const current = drafts.findIndex((draft) => draft.atMs === null);
  return drafts.map(({ atMs, remedy, command, ...draft }, at) => ({
    ...draft,
    at: atMs === null ? null : new Date(atMs).toISOString(),
    state: atMs !== null ? 'done' : at === current ? 'current' : 'waiting',
    remedy: at === current ? remedy : null,
    command: at === current ? command : null,
  }));
}

function tokenStep(facts: ConnectionFacts): Draft {
  return {
    key: 'token',
    title: 'The agent’s token was used',
    atMs: facts.tokenUsedMs,
    seen: facts.tokenUsedMs === null ? 'Nothing has come with this cluster’s token yet.' : 'The token is valid and was used.',
    remedy: `The agent calls ${facts.publicUrl} and needs nothing inbound. Check from its machine that this address answers, and that the token was pasted whole.`,
    command: `curl -sS ${facts.publicUrl}/healthz`,
  };
}

function agentStep(facts: ConnectionFacts): Draft {
  const { agent, nowMs } = facts;
  const name = `Agent ${agent.version ?? ''} on ${agent.platform ?? 'an unknown platform'}`;
  const silence = agent.lastSeenMs === null ? '' : `, last heard of ${age(nowMs - agent.lastSeenMs)} ago`;
  return {
    key: 'agent',
    title: 'The agent is online',
    atMs: facts.agentOnlineMs,
    seen: facts.agentOnlineMs === null ? 'No agent has said hello.' : agent.connected ? `${name} is connected.` : `${name} is not connected now${silence}.`,
    remedy: 'The token arrived but no hello: something between cuts WebSockets, or the agent was refused. Its log says which, with a code.',
    command: `curl -sS -i -N -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: c2lkZWxpZ2h0LWNoZWNrIQ==' ${facts.publicUrl}/agent/v1/uplink`,
  };
}

function proxyStep(facts: ConnectionFacts): Draft {
  const { total, ready } = facts.proxies;
  return {
    key: 'proxy',
    title: 'The first proxy is running',
    atMs: facts.firstProxyMs,
    seen: total === 0 ? 'The agent reports no proxy.' : `${counted(total, 'proxy').replace('proxys', 'proxies')}, ${ready} of them ready.`,
    remedy: 'Start a proxy beside a workload of this cluster, or look at one that does not become ready.',
    command: 'curl -sS -i http://127.0.0.1:4191/ready',
  };
}

function requestStep(facts: ConnectionFacts): Draft {
  return {
    key: 'request',
    title: 'The first request was seen',
    atMs: facts.firstRequestMs,
    seen: facts.firstRequestMs === null ? 'No request has gone through a proxy yet.' : 'Requests are arriving.',
    remedy: 'Send a request to a meshed service. It shows some 15 seconds later; if not, the proxy’s own counters tell whether it went through the proxy.',
    command: 'curl -sS http://127.0.0.1:4191/metrics | grep request_total',
  };
}
