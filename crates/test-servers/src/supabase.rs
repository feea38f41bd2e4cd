//! What a Supabase project has and a bare PostgreSQL has not: the roles of its API. Not its schema.

use crate::postgres::Postgres;
use crate::problem::Result;

/// The role that PostgREST logs in as; it may become the others.
pub const AUTHENTICATOR: &str = "authenticator";
/// Who brings no token.
pub const ANON: &str = "anon";
/// A person who logged in.
pub const AUTHENTICATED: &str = "authenticated";
/// Who has the service key: row-level security does not hold for it.
pub const SERVICE_ROLE: &str = "service_role";

/// Makes the roles of Supabase, with the rights that it gives them in a new database: everything in
/// `public`, tables to come included, as Supabase does.
///
/// # Errors
/// What the server said.
pub fn make_roles(server: &Postgres, database: &str) -> Result<()> {
    server.sql(database, ROLES).map(drop)
}

const ROLES: &str = "
do $$ begin
    if not exists (select from pg_roles where rolname = 'anon') then
        create role anon nologin noinherit;
        create role authenticated nologin noinherit;
        create role service_role nologin noinherit bypassrls;
        create role authenticator login noinherit;
        grant anon, authenticated, service_role to authenticator;
    end if;
end $$;
grant usage on schema public to anon, authenticated, service_role;
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
";
