//! The architecture as crate edges: which crate may name which library in its own `Cargo.toml`.
//! Dev-dependencies are free: a test may look into any database.

use super::Violation;
use crate::workspace::Package;

const DATABASES: &[&str] = &["redis", "rusqlite", "sqlx", "tokio-postgres"];
/// Runtimes, I/O and randomness: what a pure crate has no use for.
const IMPURE: &[&str] = &["axum", "hyper", "rand", "reqwest", "tokio"];

/// Every direct dependency that its crate may not have.
pub(crate) fn forbidden(packages: &[Package]) -> Vec<Violation> {
    let mut found = Vec::new();
    for package in packages {
        for dependency in package.dependencies.iter().filter(|edge| edge.kind.as_deref() != Some("dev")) {
            if let Some(instead) = why_not(&package.name, &dependency.name) {
                let path = format!("crates/{}/Cargo.toml", package.name);
                let what = format!("{} may not depend on {}: {instead}", package.name, dependency.name);
                found.push(Violation::new(&path, 1, what));
            }
        }
    }
    found
}

fn why_not(package: &str, dependency: &str) -> Option<&'static str> {
    match package {
        "bridge-core" | "bridge-formats" | "bridge-store" | "bridge-backends" | "bridge-server"
            if dependency == "test-servers" =>
        {
            Some("it starts servers for tests, so name it under dev-dependencies")
        }
        // The backends are where databases are named; the tool crate measures the raw one.
        "bridge-backends" | "xtask" => None,
        "bridge-core" | "bridge-formats" if IMPURE.contains(&dependency) => {
            Some("it is pure, so take time, salt and facts as arguments and do the I/O in bridge-server")
        }
        _ if DATABASES.contains(&dependency) => {
            Some("only bridge-backends names a database, so add an operation to its traits")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(metadata: &str) -> Vec<String> {
        let packages: Vec<Package> = serde_json::from_str(metadata).unwrap();
        forbidden(&packages).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_the_edge_and_the_way_out() {
        let metadata = r#"[
            {"name":"bridge-core","dependencies":[{"name":"serde","kind":null},{"name":"tokio","kind":null}]},
            {"name":"bridge-server","dependencies":[{"name":"rusqlite","kind":"build"}]},
            {"name":"bridge-store","dependencies":[{"name":"test-servers","kind":null}]}]"#;
        let found = found(metadata);
        assert_eq!(found.len(), 3);
        assert!(
            found[0].starts_with("crates/bridge-core/Cargo.toml:1: bridge-core may not depend on tokio:")
        );
        assert!(found[1].contains("bridge-server may not depend on rusqlite"), "{found:?}");
        assert!(found[2].contains("bridge-store may not depend on test-servers"), "{found:?}");
    }

    #[test]
    fn the_store_the_tools_and_tests_are_free() {
        let metadata = r#"[
            {"name":"bridge-backends","dependencies":[{"name":"rusqlite","kind":null}]},
            {"name":"xtask","dependencies":[{"name":"rusqlite","kind":null},{"name":"tokio","kind":null}]},
            {"name":"bridge-server","dependencies":[{"name":"test-servers","kind":"dev"},{"name":"axum","kind":null}]}]"#;
        assert_eq!(found(metadata), Vec::<String>::new());
    }
}
