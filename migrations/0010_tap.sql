-- Tap: who looks at which exchanges of a cluster, and what its proxies told lately. A row of `tap` stays as a record of who looked.
create table tenant.tap (
  org_id text not null,
  id text not null,
  cluster_id text not null,
  -- Null: the proxies of all workloads.
  workload text,
  filter jsonb not null,
  per_second_max integer not null,
  started_at timestamptz not null,
  started_by text not null,
  ends_at timestamptz not null,
  stopped_at timestamptz,
  -- When the page asked last; a tap that nobody reads ends.
  read_at timestamptz not null,
  -- When the agent was told.
  sent_at timestamptz,
  matched bigint not null default 0,
  told bigint not null default 0,
  primary key (org_id, id),
  foreign key (org_id, cluster_id) references tenant.cluster (org_id, id) on delete cascade
);
create index tap_active on tenant.tap (cluster_id, ends_at) where stopped_at is null;

-- Kept for a minute, in the order in which it came.
create table tenant.tap_batch (
  org_id text not null,
  tap_id text not null,
  sequence bigint generated always as identity,
  received_at timestamptz not null,
  events jsonb not null,
  matched integer not null,
  primary key (org_id, tap_id, sequence),
  foreign key (org_id, tap_id) references tenant.tap (org_id, id) on delete cascade
);

do $$
declare t text;
begin
  foreach t in array array['tap', 'tap_batch'] loop
    execute format('alter table tenant.%I enable row level security', t);
    execute format('alter table tenant.%I force row level security', t);
    execute format(
      'create policy one_organization on tenant.%I to sidelight_app using (org_id = current_setting(''sidelight.org_id'', true)) with check (org_id = current_setting(''sidelight.org_id'', true))', t);
    execute format('grant select, insert, update, delete on tenant.%I to sidelight_app', t);
  end loop;
end $$;

-- Heads of queues: the worker sees which clusters have a tap, never what it sees.
create policy active_heads on tenant.tap for select to sidelight_worker using (stopped_at is null);
grant select (org_id, cluster_id, ends_at, read_at, stopped_at) on tenant.tap to sidelight_worker;
