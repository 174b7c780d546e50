-- The cluster's columns beside its points are by quarter of an hour (by hour in hour chunks), null where nothing is covered.
comment on column tenant.minute_chunk.requests is 'of subject c: requests by quarter of an hour';
comment on column tenant.minute_chunk.failures is 'of subject c: requests that failed by app or mesh, by quarter of an hour';
comment on column tenant.hour_chunk.requests is 'of subject c: requests by hour';
comment on column tenant.hour_chunk.failures is 'of subject c: requests that failed by app or mesh, by hour';

alter table tenant.minute_chunk no force row level security;
alter table tenant.hour_chunk no force row level security;
alter table tenant.rollup_hour no force row level security;

-- Stored columns were by point, with zeros where nothing is covered.
update tenant.minute_chunk chunk set (requests, failures) = (
  select array_agg(quarter.requests order by quarter.at), array_agg(quarter.failures order by quarter.at)
  from (
    select (point.at - 1) / 15 as at,
      case when bool_or(point.covered > 0) then sum(point.requests)::bigint end as requests,
      case when bool_or(point.covered > 0) then sum(point.failures)::bigint end as failures
    from unnest(chunk.covered_s, chunk.requests, chunk.failures) with ordinality as point (covered, requests, failures, at)
    group by 1
  ) as quarter
)
where subject = 'c' and cardinality(requests) = cardinality(covered_s);
update tenant.hour_chunk chunk set (requests, failures) = (
  select array_agg(case when point.covered > 0 then point.requests end order by point.at), array_agg(case when point.covered > 0 then point.failures end order by point.at)
  from unnest(chunk.covered_s, chunk.requests, chunk.failures) with ordinality as point (covered, requests, failures, at)
)
where subject = 'c' and requests is not null;

-- Slices of an open hour are of five minutes now, where they were of ten: they are written anew.
update tenant.rollup_hour set sliced_to_ms = null where sliced_to_ms is not null;
-- Chunks from before there were such columns: their hours are due again, as far as they have windows.
update tenant.rollup_hour hour set dirty_since = now()
from tenant.minute_chunk chunk
where chunk.org_id = hour.org_id and chunk.cluster_id = hour.cluster_id and chunk.start_ms = hour.hour_ms
  and chunk.subject = 'c' and chunk.requests is null and hour.origin = 'measured' and hour.dirty_since is null;

alter table tenant.minute_chunk force row level security;
alter table tenant.hour_chunk force row level security;
alter table tenant.rollup_hour force row level security;
