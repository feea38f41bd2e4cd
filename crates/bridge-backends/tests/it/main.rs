//! Every backend passes the conformance suite, and what only the embedded stores promise.
#![expect(clippy::unwrap_used, reason = "this is test code")]

mod disk_full;
mod folder;
mod legs;
mod postgres;
mod redis;
mod remote;

/// One line for each backend; the last test says which ran.
macro_rules! legs {
    ($( $store:ident $conformance:ident $name:ident $fixture:path; )*) => {
        $( bridge_store::$conformance!($name, $fixture()); )*
        const LEGS: &[&str] = &[$( concat!(stringify!($store), ":", stringify!($name)) ),*];
    };
}

legs! {
    hot hot_conformance hot_model legs::hot_model;
    hot hot_conformance hot_sqlite legs::hot_sqlite;
    hot hot_conformance hot_redis redis::hot_redis;
    hot hot_conformance hot_valkey redis::hot_valkey;
    hot hot_conformance hot_sentinel redis::hot_sentinel;
    audit audit_conformance audit_sqlite legs::audit_sqlite;
    audit audit_conformance audit_postgres postgres::direct;
    audit audit_conformance audit_pgbouncer_1_18 postgres::through_1_18;
    audit audit_conformance audit_pgbouncer_new postgres::through_new;
}

#[test]
fn zz_legs_that_ran() {
    println!("conformance legs: {}", LEGS.join(", "));
    assert_eq!(
        LEGS,
        [
            "hot:hot_model",
            "hot:hot_sqlite",
            "hot:hot_redis",
            "hot:hot_valkey",
            "hot:hot_sentinel",
            "audit:audit_sqlite",
            "audit:audit_postgres",
            "audit:audit_pgbouncer_1_18",
            "audit:audit_pgbouncer_new",
        ]
    );
}
