-- Where a change came from, as far as it is known; and the log's order.
alter table tenant.audit add column address text;
create index audit_newest on tenant.audit (org_id, id desc);
-- An invitation is looked up by its address.
create index invitation_email on auth.invitation (lower(email));
