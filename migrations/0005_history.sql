-- The cluster's own sums of a window, by class (requests or connections, mutual TLS or plain), beside its edges and routes: an overview reads no edge.
alter table tenant.window_part drop constraint window_part_kind_check;
alter table tenant.window_part add constraint window_part_kind_check check (kind in ('edge', 'route', 'sum'));

-- Packed bytes don't compress any further: spare the attempt.
alter table tenant.window_part alter column data set storage external;
alter table tenant.minute_chunk alter column data set storage external;
alter table tenant.hour_chunk alter column data set storage external;

-- Of subject 'c' only: requests and failures (by app or mesh) of each point, for an overview's strip.
alter table tenant.minute_chunk add column requests bigint[], add column failures bigint[];
alter table tenant.hour_chunk add column requests bigint[], add column failures bigint[];

-- Minutes of an open hour before this are in slices, chunks of ten minutes that the hour's own chunks replace when it has closed.
alter table tenant.rollup_hour add column sliced_to_ms bigint;
-- Of an imported hour: the finest points that it has, who called it what, and the digest by which the same import is known again.
alter table tenant.rollup_hour add column points text check (points in ('minute', 'hour'));
alter table tenant.rollup_hour add column source text;
alter table tenant.rollup_hour add column digest bytea;
alter table tenant.rollup_hour add constraint rollup_hour_import check ((origin = 'imported') = (points is not null and source is not null and digest is not null));
grant select (sliced_to_ms) on tenant.rollup_hour to sidelight_worker;

-- Which hours of an imported or measured range are which, without reading their chunks; and what existed at a moment.
create index entity_version_ended on tenant.entity_version (org_id, cluster_id, valid_to) where valid_to is not null;
create index uplink_gap_at on tenant.uplink_gap (org_id, cluster_id, at);

-- Windows that came before there was a roll-up: their hours are due.
alter table tenant.window_part no force row level security;
alter table tenant.rollup_hour no force row level security;
insert into tenant.rollup_hour (org_id, cluster_id, hour_ms, dirty_since)
  select distinct w.org_id, w.cluster_id, w.start_ms - w.start_ms % 3600000, now()
  from tenant.window_part w join tenant.cluster c on c.org_id = w.org_id and c.id = w.cluster_id
  on conflict do nothing;
alter table tenant.window_part force row level security;
alter table tenant.rollup_hour force row level security;

-- What is past its retention: the worker deletes it, of every organization.
create policy old_hours on tenant.rollup_hour for delete to sidelight_worker using (true);
grant delete on tenant.rollup_hour to sidelight_worker;
create policy old_gaps on tenant.uplink_gap to sidelight_worker using (true);
grant select (at), delete on tenant.uplink_gap to sidelight_worker;
create policy old_versions on tenant.entity_version to sidelight_worker using (true);
grant select (valid_to), delete on tenant.entity_version to sidelight_worker;
