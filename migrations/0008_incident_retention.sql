-- Resolved incidents are kept as long as the hours that explain them; the worker deletes older ones, of every organization, with their events.
create policy old_incidents on tenant.incident to sidelight_worker using (resolved_at is not null);
grant select (resolved_at), delete on tenant.incident to sidelight_worker;
create index incident_resolved on tenant.incident (resolved_at) where resolved_at is not null;
