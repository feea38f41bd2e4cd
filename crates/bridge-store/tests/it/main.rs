//! Every backend passes the conformance suite, and what only the embedded stores promise.
#![expect(clippy::unwrap_used, reason = "this is test code")]

mod disk_full;
mod folder;
mod legs;

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
    audit audit_conformance audit_sqlite legs::audit_sqlite;
}

#[test]
fn zz_legs_that_ran() {
    println!("conformance legs: {}", LEGS.join(", "));
    assert_eq!(LEGS, ["hot:hot_model", "hot:hot_sqlite", "audit:audit_sqlite"]);
}
