-- Tenant tables. Every row carries org_id; FORCE row-level security compares it with the transaction's setting.

create table tenant.cluster (
  org_id text not null,
  id text not null,
  name text not null,
  platform text,
  agent_version text,
  window_ms integer not null default 10000,
  trust_domain text,
  trust_anchor_not_after timestamptz,
  created_at timestamptz not null default now(),
  created_by text not null,
  -- The checklist of the connect page.
  token_used_at timestamptz,
  agent_online_at timestamptz,
  first_proxy_at timestamptz,
  first_request_at timestamptz,
  -- Set while an agent's socket is open; the instance that holds it renews last_seen_at.
  connected boolean not null default false,
  last_seen_at timestamptz,
  epoch bigint not null default 0,
  -- The one connection that may write; a newer hello puts itself here, and the older one's next write fails.
  session_id text,
  primary key (org_id, id),
  unique (org_id, name)
);

-- Agent and API tokens: only the SHA-256 is kept.
create table tenant.token (
  org_id text not null,
  id text not null,
  kind text not null check (kind in ('agent', 'api')),
  cluster_id text,
  name text not null,
  prefix text not null,
  hash bytea not null unique,
  created_at timestamptz not null default now(),
  created_by text not null,
  last_used_at timestamptz,
  revoked_at timestamptz,
  primary key (org_id, id),
  foreign key (org_id, cluster_id) references tenant.cluster (org_id, id) on delete cascade,
  check ((kind = 'agent') = (cluster_id is not null))
);
create index token_cluster on tenant.token (org_id, cluster_id);

-- Small integer ids of names, local to the organization.
create table tenant.entity_counter (
  org_id text primary key,
  last_id integer not null
);
-- kind 'workload' | 'service' | 'edge' | 'route'; an edge's key is its labels joined by '|'.
create table tenant.entity (
  org_id text not null,
  id integer not null,
  cluster_id text not null,
  kind text not null,
  key text not null,
  attributes jsonb not null default '{}',
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  primary key (org_id, id),
  unique (org_id, cluster_id, kind, key),
  foreign key (org_id, cluster_id) references tenant.cluster (org_id, id) on delete cascade
);

-- What existed when: topology at a moment is the versions valid then. valid_to null: valid now.
create table tenant.entity_version (
  org_id text not null,
  cluster_id text not null,
  kind text not null check (kind in ('workload', 'service', 'proxy')),
  key text not null,
  valid_from timestamptz not null,
  valid_to timestamptz,
  attributes jsonb not null,
  primary key (org_id, cluster_id, kind, key, valid_from),
  foreign key (org_id, cluster_id) references tenant.cluster (org_id, id) on delete cascade
);
create unique index entity_version_now on tenant.entity_version (org_id, cluster_id, kind, key) where valid_to is null;

-- 10-second windows as received: packed columns, at most 256 rows a part.
create table tenant.window_part (
  org_id text not null,
  cluster_id text not null,
  start_ms bigint not null,
  epoch bigint not null,
  sequence bigint not null,
  -- Index of the window within its frame, then of the part within the window.
  frame_window smallint not null,
  part smallint not null,
  kind text not null check (kind in ('edge', 'route')),
  length_ms integer not null,
  row_count smallint not null,
  proxies integer not null,
  -- Requests of the part's inbound rows, and those that failed by app or mesh: what an overview's strip needs.
  requests bigint not null,
  failures bigint not null,
  data bytea not null,
  received_at timestamptz not null default now(),
  primary key (org_id, cluster_id, start_ms, epoch, sequence, frame_window, kind, part)
) partition by range (start_ms);

-- A partition per day of start_ms; made ahead and dropped by the job, never at ingest.
create function tenant.ensure_window_partitions(from_ms bigint, to_ms bigint) returns void
language plpgsql security definer set search_path = pg_catalog as $$
declare
  day_ms constant bigint := 86400000;
  day bigint := from_ms - from_ms % day_ms;
  name text;
begin
  perform pg_advisory_xact_lock(hashtext('sidelight.window_part'));
  while day < to_ms loop
    name := 'window_part_' || to_char(to_timestamp(day / 1000.0) at time zone 'utc', 'YYYYMMDD');
    if to_regclass('tenant.' || name) is null then
      execute format('create table tenant.%I partition of tenant.window_part for values from (%s) to (%s)', name, day, day + day_ms);
      execute format('alter table tenant.%I enable row level security', name);
      execute format('alter table tenant.%I force row level security', name);
    end if;
    day := day + day_ms;
  end loop;
end $$;

create function tenant.drop_window_partitions(before_ms bigint) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
  dropped integer := 0;
  child record;
begin
  perform pg_advisory_xact_lock(hashtext('sidelight.window_part'));
  for child in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'tenant.window_part'::regclass
  loop
    if (extract(epoch from to_date(right(child.relname, 8), 'YYYYMMDD'))::bigint + 86400) * 1000 <= before_ms then
      execute format('drop table tenant.%I', child.relname);
      dropped := dropped + 1;
    end if;
  end loop;
  return dropped;
end $$;
revoke all on function tenant.ensure_window_partitions(bigint, bigint) from public;
revoke all on function tenant.drop_window_partitions(bigint) from public;
grant execute on function tenant.ensure_window_partitions(bigint, bigint) to sidelight_worker;
grant execute on function tenant.drop_window_partitions(bigint) to sidelight_worker;

-- Exactly once: position per epoch and mark per proxy instance change in the transaction that writes the rows.
create table tenant.uplink_position (
  org_id text not null,
  cluster_id text not null,
  epoch bigint not null,
  seen bigint not null,
  updated_at timestamptz not null default now(),
  primary key (org_id, cluster_id, epoch),
  foreign key (org_id, cluster_id) references tenant.cluster (org_id, id) on delete cascade
);
create table tenant.uplink_mark (
  org_id text not null,
  cluster_id text not null,
  instance text not null,
  seen bigint not null,
  updated_at timestamptz not null default now(),
  primary key (org_id, cluster_id, instance),
  foreign key (org_id, cluster_id) references tenant.cluster (org_id, id) on delete cascade
);
create table tenant.uplink_gap (
  org_id text not null,
  cluster_id text not null,
  id bigint generated always as identity,
  at timestamptz not null default now(),
  reason text not null,
  count bigint not null,
  primary key (org_id, cluster_id, id),
  foreign key (org_id, cluster_id) references tenant.cluster (org_id, id) on delete cascade
);

-- Alerts.
create table tenant.channel (
  org_id text not null,
  id text not null,
  kind text not null check (kind in ('webhook')),
  name text not null,
  url text not null,
  -- Signing secret, AES-256-GCM under the server's key: nonce, tag, text.
  secret_sealed bytea not null,
  created_at timestamptz not null default now(),
  created_by text not null,
  primary key (org_id, id)
);
create table tenant.alert_rule (
  org_id text not null,
  id text not null,
  kind text not null default 'success_rate',
  name text not null,
  scope jsonb not null,
  threshold double precision not null,
  window_seconds integer not null,
  min_requests integer not null,
  severity text not null,
  enabled boolean not null,
  channel_ids text[] not null default '{}',
  created_at timestamptz not null default now(),
  created_by text not null,
  updated_at timestamptz not null default now(),
  -- When the evaluator is due to look again; ingest pulls it forward.
  due_at timestamptz not null default now(),
  primary key (org_id, id)
);
create index alert_rule_due on tenant.alert_rule (due_at) where enabled;
create table tenant.alert_state (
  org_id text not null,
  rule_id text not null,
  cluster_id text not null,
  state text not null check (state in ('ok', 'firing', 'nodata')),
  since timestamptz not null,
  evaluated_at timestamptz not null,
  success_rate double precision,
  requests bigint not null,
  incident_id text,
  primary key (org_id, rule_id, cluster_id),
  foreign key (org_id, rule_id) references tenant.alert_rule (org_id, id) on delete cascade,
  foreign key (org_id, cluster_id) references tenant.cluster (org_id, id) on delete cascade
);
create table tenant.incident (
  org_id text not null,
  id text not null,
  rule_id text not null,
  rule_name text not null,
  severity text not null,
  cluster_id text not null,
  cluster_name text not null,
  scope jsonb not null,
  threshold double precision not null,
  opened_at timestamptz not null,
  resolved_at timestamptz,
  sentence text not null,
  success_rate double precision,
  worst_success_rate double precision,
  path jsonb not null default '[]',
  primary key (org_id, id)
);
-- One open incident per rule and cluster.
create unique index incident_open on tenant.incident (org_id, rule_id, cluster_id) where resolved_at is null;
create index incident_newest on tenant.incident (org_id, opened_at desc);
create table tenant.incident_event (
  org_id text not null,
  id bigint generated always as identity,
  incident_id text not null,
  at timestamptz not null,
  kind text not null check (kind in ('opened', 'updated', 'resolved')),
  text text not null,
  primary key (org_id, id),
  foreign key (org_id, incident_id) references tenant.incident (org_id, id) on delete cascade
);
create index incident_event_incident on tenant.incident_event (org_id, incident_id);
create table tenant.outbox (
  org_id text not null,
  id text not null,
  channel_id text not null,
  incident_id text,
  event text not null,
  -- The stable webhook-id; delivering twice carries the same.
  dedupe_key text not null,
  payload jsonb not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  attempts integer not null default 0,
  created_at timestamptz not null default now(),
  next_attempt_at timestamptz not null default now(),
  -- A sender that dies leaves its claim to expire.
  claimed_until timestamptz,
  delivered_at timestamptz,
  last_error text,
  primary key (org_id, id),
  unique (org_id, dedupe_key),
  foreign key (org_id, channel_id) references tenant.channel (org_id, id) on delete cascade
);
create index outbox_due on tenant.outbox (next_attempt_at) where state = 'pending';

create table tenant.audit (
  org_id text not null,
  id bigint generated always as identity,
  at timestamptz not null default now(),
  actor jsonb not null,
  action text not null,
  target text not null,
  details jsonb not null default '{}',
  primary key (org_id, id)
);

-- Row-level security: the app role sees one organization, named by the transaction.
do $$
declare t text;
begin
  foreach t in array array[
    'cluster', 'token', 'entity_counter', 'entity', 'entity_version', 'window_part', 'uplink_position', 'uplink_mark',
    'uplink_gap', 'channel', 'alert_rule', 'alert_state', 'incident', 'incident_event', 'outbox', 'audit'
  ] loop
    execute format('alter table tenant.%I enable row level security', t);
    execute format('alter table tenant.%I force row level security', t);
    execute format(
      'create policy one_organization on tenant.%I to sidelight_app using (org_id = current_setting(''sidelight.org_id'', true)) with check (org_id = current_setting(''sidelight.org_id'', true))', t);
    execute format('grant select, insert, update, delete on tenant.%I to sidelight_app', t);
  end loop;
end $$;
revoke update, delete on tenant.audit from sidelight_app;

-- A token is looked up before its organization is known: by hash only, by the auth role, which sees no other tenant table.
create policy token_lookup on tenant.token for select to sidelight_auth using (true);
grant select (org_id, id, kind, cluster_id, hash, name, revoked_at, last_used_at) on tenant.token to sidelight_auth;

-- The worker role sees the heads of the queues (which organization has something due), then takes a tenant handle per item.
create policy due_heads on tenant.alert_rule for select to sidelight_worker using (true);
create policy due_claims on tenant.alert_rule for update to sidelight_worker using (true) with check (true);
grant select (org_id, id, enabled, due_at) on tenant.alert_rule to sidelight_worker;
grant update (due_at) on tenant.alert_rule to sidelight_worker;
create policy due_heads on tenant.outbox for select to sidelight_worker using (true);
create policy due_claims on tenant.outbox for update to sidelight_worker using (true) with check (true);
grant select (org_id, id, state, next_attempt_at, claimed_until) on tenant.outbox to sidelight_worker;
grant update (claimed_until) on tenant.outbox to sidelight_worker;
create policy stale_heads on tenant.cluster for select to sidelight_worker using (true);
grant select (org_id, id, connected, last_seen_at) on tenant.cluster to sidelight_worker;

-- Marks of proxies that are gone: no spool holds their windows any more.
create policy old_marks on tenant.uplink_mark to sidelight_worker using (true);
grant select (updated_at), delete on tenant.uplink_mark to sidelight_worker;
