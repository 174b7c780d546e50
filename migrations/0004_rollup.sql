-- Minute and hour chunks. A minute chunk is 60 points of one subject and hour, an hour chunk 24 points of one subject and day.
-- subject: 'c' the cluster, 'e:<edge id>', 'r:<route id>', 'w:<workload key>', 's:<service key>'.
create table tenant.minute_chunk (
  org_id text not null,
  cluster_id text not null,
  start_ms bigint not null,
  subject text collate "C" not null,
  -- Of subject 'c' only: seconds of each point that stored windows cover; a gap is a 0.
  covered_s smallint[],
  data bytea not null,
  primary key (org_id, cluster_id, start_ms, subject)
) partition by range (start_ms);
create table tenant.hour_chunk (
  org_id text not null,
  cluster_id text not null,
  start_ms bigint not null,
  subject text collate "C" not null,
  covered_s smallint[],
  data bytea not null,
  primary key (org_id, cluster_id, start_ms, subject)
) partition by range (start_ms);

-- What became of each hour of a cluster. Imported hours are never rolled up again; a late window makes its hour dirty.
create table tenant.rollup_hour (
  org_id text not null,
  cluster_id text not null,
  hour_ms bigint not null,
  origin text not null default 'measured' check (origin in ('measured', 'imported')),
  dirty_since timestamptz,
  rolled_at timestamptz,
  claimed_until timestamptz,
  primary key (org_id, cluster_id, hour_ms),
  foreign key (org_id, cluster_id) references tenant.cluster (org_id, id) on delete cascade
);
create index rollup_hour_dirty on tenant.rollup_hour (hour_ms) where dirty_since is not null;

-- Partitions of both chunk tables: a week of minute chunks, some four weeks of hour chunks. Made ahead, and for an import; dropped by retention.
create function tenant.ensure_chunk_partitions(from_ms bigint, to_ms bigint) returns void
language plpgsql security definer set search_path = pg_catalog as $$
declare
  spec record;
  begin_ms bigint;
  name text;
begin
  perform pg_advisory_xact_lock(hashtext('sidelight.chunk'));
  for spec in select * from (values ('minute_chunk', 604800000::bigint), ('hour_chunk', 2419200000::bigint)) as s (parent, length_ms) loop
    begin_ms := from_ms - from_ms % spec.length_ms;
    while begin_ms < to_ms loop
      name := spec.parent || '_' || begin_ms;
      if to_regclass('tenant.' || name) is null then
        execute format('create table tenant.%I partition of tenant.%I for values from (%s) to (%s)', name, spec.parent, begin_ms, begin_ms + spec.length_ms);
        execute format('alter table tenant.%I enable row level security', name);
        execute format('alter table tenant.%I force row level security', name);
      end if;
      begin_ms := begin_ms + spec.length_ms;
    end loop;
  end loop;
end $$;

create function tenant.drop_chunk_partitions(minute_before_ms bigint, hour_before_ms bigint) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
  dropped integer := 0;
  child record;
begin
  perform pg_advisory_xact_lock(hashtext('sidelight.chunk'));
  for child in
    select c.relname, i.inhparent = 'tenant.minute_chunk'::regclass as minutes
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent in ('tenant.minute_chunk'::regclass, 'tenant.hour_chunk'::regclass)
  loop
    if (substring(child.relname from '\d+$')::bigint + case when child.minutes then 604800000 else 2419200000 end
       <= case when child.minutes then minute_before_ms else hour_before_ms end) then
      execute format('drop table tenant.%I', child.relname);
      dropped := dropped + 1;
    end if;
  end loop;
  return dropped;
end $$;
revoke all on function tenant.ensure_chunk_partitions(bigint, bigint) from public;
revoke all on function tenant.drop_chunk_partitions(bigint, bigint) from public;
grant execute on function tenant.ensure_chunk_partitions(bigint, bigint) to sidelight_worker;
grant execute on function tenant.drop_chunk_partitions(bigint, bigint) to sidelight_worker;

do $$
declare t text;
begin
  foreach t in array array['minute_chunk', 'hour_chunk', 'rollup_hour'] loop
    execute format('alter table tenant.%I enable row level security', t);
    execute format('alter table tenant.%I force row level security', t);
    execute format(
      'create policy one_organization on tenant.%I to sidelight_app using (org_id = current_setting(''sidelight.org_id'', true)) with check (org_id = current_setting(''sidelight.org_id'', true))', t);
    execute format('grant select, insert, update, delete on tenant.%I to sidelight_app', t);
  end loop;
end $$;

-- The worker finds hours to roll up, then takes a tenant handle for each.
create policy dirty_heads on tenant.rollup_hour for select to sidelight_worker using (true);
create policy dirty_claims on tenant.rollup_hour for update to sidelight_worker using (true) with check (true);
grant select (org_id, cluster_id, hour_ms, origin, dirty_since, claimed_until) on tenant.rollup_hour to sidelight_worker;
grant update (claimed_until) on tenant.rollup_hour to sidelight_worker;
