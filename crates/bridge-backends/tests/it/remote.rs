//! The remote, as both protocols reach it: a real PostgreSQL, a pooler before it, a real PostgREST with
//! row-level security, and servers that misbehave.

mod crooked;
mod misbehaves;
mod outages;
mod rows;
mod stage;
mod tls;
