-- A receiver that answers 410 Gone wants nothing more; a delivered test switches the channel on again.
alter table tenant.channel add column disabled_at timestamptz;

-- The deliveries page, and the order of an incident's events.
create index outbox_newest on tenant.outbox (org_id, channel_id, created_at desc);
create index outbox_incident on tenant.outbox (org_id, incident_id) where incident_id is not null;
create index incident_rule on tenant.incident (org_id, rule_id);

-- Begin of the failing, up to a rule window before the incident opened.
alter table tenant.incident add column failing_since timestamptz;
