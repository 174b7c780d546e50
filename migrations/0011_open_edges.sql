-- How many exchanges were open on an edge at the end of the newest window: the latest state only, no history.
create table tenant.edge_open (
  org_id text not null,
  cluster_id text not null,
  edge text not null,
  open integer not null,
  -- Begin of that window, ms since 1970.
  start_ms bigint not null,
  primary key (org_id, cluster_id, edge),
  foreign key (org_id, cluster_id) references tenant.cluster (org_id, id) on delete cascade
);
alter table tenant.edge_open enable row level security;
alter table tenant.edge_open force row level security;
create policy one_organization on tenant.edge_open to sidelight_app using (org_id = current_setting('sidelight.org_id', true)) with check (org_id = current_setting('sidelight.org_id', true));
grant select, insert, update, delete on tenant.edge_open to sidelight_app;
