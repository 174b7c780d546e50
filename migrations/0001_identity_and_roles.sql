-- Roles: the migrations' owner owns everything; the server's login owns nothing and takes one of three roles in each transaction.
do $$
begin
  if not exists (select from pg_roles where rolname = 'sidelight_app') then create role sidelight_app nologin; end if;
  if not exists (select from pg_roles where rolname = 'sidelight_auth') then create role sidelight_auth nologin; end if;
  if not exists (select from pg_roles where rolname = 'sidelight_worker') then create role sidelight_worker nologin; end if;
  if not exists (select from pg_roles where rolname = 'sidelight_server') then create role sidelight_server login noinherit; end if;
end $$;
grant sidelight_app, sidelight_auth, sidelight_worker to sidelight_server with inherit false, set true;

create schema auth;
create schema tenant;
grant usage on schema auth to sidelight_auth;
grant usage on schema tenant to sidelight_app, sidelight_auth, sidelight_worker;

-- Identity tables, in the shape that better-auth expects; only the auth role sees them.
create table auth."user" (
  id text primary key,
  name text not null,
  email text not null unique,
  email_verified boolean not null default false,
  image text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create table auth.session (
  id text primary key,
  expires_at timestamptz not null,
  token text not null unique,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  ip_address text,
  user_agent text,
  user_id text not null references auth."user" (id) on delete cascade,
  active_organization_id text
);
create index session_by_user on auth.session (user_id);
create table auth.account (
  id text primary key,
  account_id text not null,
  provider_id text not null,
  user_id text not null references auth."user" (id) on delete cascade,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  scope text,
  password text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index account_user on auth.account (user_id);
create table auth.verification (
  id text primary key,
  identifier text not null,
  value text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index verification_identifier on auth.verification (identifier);
create table auth.organization (
  id text primary key,
  name text not null,
  slug text not null unique,
  logo text,
  metadata text,
  created_at timestamptz not null default now()
);
create table auth.member (
  id text primary key,
  organization_id text not null references auth.organization (id) on delete cascade,
  user_id text not null references auth."user" (id) on delete cascade,
  role text not null,
  created_at timestamptz not null default now(),
  unique (organization_id, user_id)
);
create index member_user on auth.member (user_id);
create table auth.invitation (
  id text primary key,
  organization_id text not null references auth.organization (id) on delete cascade,
  email text not null,
  role text,
  status text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  inviter_id text not null references auth."user" (id) on delete cascade
);
create index invitation_organization on auth.invitation (organization_id);
create table auth.rate_limit (
  id text primary key,
  key text not null unique,
  count integer not null,
  last_request bigint not null
);
grant select, insert, update, delete on all tables in schema auth to sidelight_auth;
