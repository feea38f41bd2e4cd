//! The architecture as crate edges: one table says which crate may name which other crate in its own `Cargo.toml`.
//! Only what a crate names itself counts, not what comes with it. Dev-dependencies are free: a test may look anywhere.

use super::Violation;
use crate::workspace::Package;

/// The clients of a database, and what only makes sense beside one.
const DRIVERS: Kind = Kind {
    what: "a database driver",
    names: &[
        "deadpool-postgres",
        "libsqlite3-sys",
        "postgres",
        "redis",
        "rusqlite",
        "sqlx",
        "tokio-postgres",
        "tokio-postgres-rustls",
    ],
    instead: "add an operation to the traits of bridge-store and let bridge-backends do it",
};
/// Runtimes, I/O, clocks and randomness.
const OUTSIDE: Kind = Kind {
    what: "a runtime, a clock or I/O",
    names: &[
        "async-trait",
        "fs4",
        "futures-util",
        "getrandom",
        "governor",
        "rand",
        "reqwest",
        "rustix",
        "rustls",
        "tempfile",
        "tokio",
        "tokio-util",
        "tracing",
    ],
    instead: "take time, salt and facts as arguments and do the I/O in bridge-app",
};
/// Servers of HTTP. `http` and `reqwest` are not among them: they serve nobody.
const HTTP_SERVERS: Kind = Kind {
    what: "an HTTP server",
    names: &["axum", "hyper", "hyper-util", "tower", "utoipa-axum", "utoipa-swagger-ui"],
    instead: "return a value and let bridge-http or bridge-desk make a response of it",
};
const TEMPLATES: Kind = Kind {
    what: "HTML templates",
    names: &["askama"],
    instead: "return a value and let bridge-desk or bridge-page draw it",
};
const COMMAND_LINE: Kind =
    Kind { what: "the command line", names: &["clap"], instead: "take a value that bridge-server reads" };
const TEST_TOOLS: Kind = Kind {
    what: "a tool of tests",
    names: &["test-servers"],
    instead: "name it under dev-dependencies: it starts servers for tests",
};

/// Libraries that are forbidden together, and the way out.
struct Kind {
    what: &'static str,
    names: &'static [&'static str],
    instead: &'static str,
}

/// What one crate may name.
struct Room {
    name: &'static str,
    /// The only crates of the bridge that it may name: those below it.
    bridge: &'static [&'static str],
    forbidden: &'static [&'static Kind],
}

/// The crates from the ground up. A new crate of the bridge is a new line.
const ROOMS: &[Room] = &[
    Room { name: "bridge-core", bridge: &[], forbidden: PURE },
    Room { name: "bridge-formats", bridge: &["bridge-core"], forbidden: PURE },
    Room { name: "bridge-store", bridge: &["bridge-core"], forbidden: BELOW_HTTP },
    Room {
        name: "bridge-backends",
        bridge: &["bridge-core", "bridge-store"],
        forbidden: &[&HTTP_SERVERS, &TEMPLATES, &COMMAND_LINE, &TEST_TOOLS],
    },
    Room {
        name: "bridge-app",
        bridge: &["bridge-core", "bridge-formats", "bridge-store"],
        forbidden: BELOW_HTTP,
    },
    Room {
        name: "bridge-http",
        bridge: &["bridge-core", "bridge-formats", "bridge-store", "bridge-app"],
        forbidden: &[&DRIVERS, &TEMPLATES, &COMMAND_LINE, &TEST_TOOLS],
    },
    Room {
        name: "bridge-desk",
        bridge: &["bridge-core", "bridge-formats", "bridge-store", "bridge-app", "bridge-http"],
        forbidden: PAGES,
    },
    Room {
        name: "bridge-page",
        bridge: &["bridge-core", "bridge-formats", "bridge-store", "bridge-app", "bridge-http"],
        forbidden: PAGES,
    },
    Room {
        name: "bridge-server",
        bridge: &[
            "bridge-core",
            "bridge-formats",
            "bridge-store",
            "bridge-backends",
            "bridge-app",
            "bridge-http",
            "bridge-desk",
            "bridge-page",
        ],
        forbidden: &[&DRIVERS, &TEST_TOOLS],
    },
    Room { name: "test-servers", bridge: &[], forbidden: &[&DRIVERS] },
    // The tool measures what the bridge is made of, the raw databases too.
    Room { name: "xtask", bridge: &["bridge-core", "bridge-store", "bridge-backends"], forbidden: &[] },
];
const PURE: &[&Kind] = &[&OUTSIDE, &DRIVERS, &HTTP_SERVERS, &TEMPLATES, &COMMAND_LINE, &TEST_TOOLS];
const BELOW_HTTP: &[&Kind] = &[&DRIVERS, &HTTP_SERVERS, &TEMPLATES, &COMMAND_LINE, &TEST_TOOLS];
const PAGES: &[&Kind] = &[&DRIVERS, &COMMAND_LINE, &TEST_TOOLS];

/// Every direct dependency that its crate may not have.
pub(crate) fn forbidden(packages: &[Package]) -> Vec<Violation> {
    let mut found = Vec::new();
    for package in packages {
        let path = format!("{}/Cargo.toml", package.folder());
        let Some(room) = ROOMS.iter().find(|room| room.name == package.name) else {
            let what =
                format!("{} is in no line of the table of crates in xtask/src/tidy/edges.rs", package.name);
            found.push(Violation::new(&path, 1, what));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|edge| edge.kind.as_deref() != Some("dev")) {
            if let Some(why) = room.why_not(&dependency.name) {
                let what = format!("{} may not depend on {}: {why}", package.name, dependency.name);
                found.push(Violation::new(&path, 1, what));
            }
        }
    }
    found
}

impl Room {
    fn why_not(&self, dependency: &str) -> Option<String> {
        if let Some(kind) = self.forbidden.iter().find(|kind| kind.names.contains(&dependency)) {
            return Some(format!("it is {}, so {}", kind.what, kind.instead));
        }
        if !dependency.starts_with("bridge-") || self.bridge.contains(&dependency) {
            return None;
        }
        Some(match self.bridge {
            [] => "it names no other crate of the bridge".to_owned(),
            below => format!("of the bridge it names only {}", below.join(", ")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{self, Dependency};

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let made = |(name, kind): &(&str, Option<&str>)| Dependency {
            name: (*name).to_owned(),
            kind: kind.map(str::to_owned),
        };
        Package { name: name.to_owned(), dependencies: dependencies.iter().map(made).collect() }
    }

    fn found(name: &str, dependency: &str, kind: Option<&str>) -> Vec<String> {
        let packages = [package(name, &[("serde", None), (dependency, kind)])];
        forbidden(&packages).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_the_edge_and_the_way_out() {
        assert_eq!(
            found("bridge-core", "tokio", None),
            [
                "crates/bridge-core/Cargo.toml:1: bridge-core may not depend on tokio: it is a runtime, a clock or \
              I/O, so take time, salt and facts as arguments and do the I/O in bridge-app"
            ]
        );
        assert_eq!(
            found("bridge-backends", "bridge-app", None),
            [
                "crates/bridge-backends/Cargo.toml:1: bridge-backends may not depend on bridge-app: of the bridge \
              it names only bridge-core, bridge-store"
            ]
        );
    }

    #[test]
    fn every_line_of_the_table_forbids_what_it_says() {
        for (name, dependencies) in [
            ("bridge-core", "tokio rand axum redis clap askama bridge-formats bridge-store test-servers"),
            ("bridge-formats", "reqwest hyper rusqlite bridge-store bridge-app"),
            (
                "bridge-store",
                "redis rusqlite tokio-postgres axum clap bridge-backends bridge-app test-servers",
            ),
            ("bridge-backends", "axum askama clap bridge-app bridge-http bridge-desk bridge-server"),
            (
                "bridge-app",
                "axum hyper hyper-util askama clap rusqlite bridge-backends bridge-http bridge-desk bridge-page",
            ),
            ("bridge-http", "askama clap deadpool-postgres bridge-backends bridge-desk bridge-page"),
            ("bridge-desk", "clap redis bridge-backends bridge-page bridge-server"),
            ("bridge-page", "clap redis bridge-backends bridge-desk bridge-server"),
            ("bridge-server", "redis rusqlite tokio-postgres test-servers"),
            ("test-servers", "redis bridge-core"),
        ] {
            for dependency in dependencies.split(' ') {
                assert_eq!(found(name, dependency, None).len(), 1, "{name} -> {dependency}");
                assert_eq!(found(name, dependency, Some("build")).len(), 1, "{name} -> {dependency}");
                assert_eq!(found(name, dependency, Some("dev")).len(), 0, "{name} -> {dependency}");
            }
        }
    }

    #[test]
    fn every_line_of_the_table_allows_what_it_needs() {
        for (name, dependencies) in [
            ("bridge-core", "jiff rlibphonenumber uuid"),
            ("bridge-formats", "bridge-core http ring"),
            ("bridge-store", "bridge-core tokio"),
            ("bridge-backends", "bridge-core bridge-store redis rusqlite tokio-postgres reqwest"),
            ("bridge-app", "bridge-core bridge-formats bridge-store tokio reqwest"),
            ("bridge-http", "bridge-app axum hyper utoipa-swagger-ui"),
            ("bridge-desk", "bridge-app bridge-http axum askama"),
            ("bridge-page", "bridge-app bridge-http axum askama"),
            ("bridge-server", "bridge-backends bridge-app bridge-http bridge-desk bridge-page clap axum"),
            ("xtask", "bridge-store bridge-backends redis clap"),
        ] {
            for dependency in dependencies.split(' ') {
                assert_eq!(found(name, dependency, None), [""; 0], "{name} -> {dependency}");
            }
        }
    }

    #[test]
    fn a_crate_outside_the_table_is_told() {
        assert!(found("bridge-attic", "serde", None)[0].contains("is in no line of the table"));
    }

    #[test]
    fn the_workspace_is_read() {
        let packages = workspace::metadata().unwrap().packages;
        assert!(packages.iter().any(|package| package.name == "bridge-core"));
    }
}
