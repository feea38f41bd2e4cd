//! The names of the databases that can keep a store. Not how one is opened.

/// What keeps a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file of the data folder.
    Embedded,
    /// Redis or what speaks as it does.
    Redis,
    /// PostgreSQL.
    PostgreSql,
}

/// What keeps the stores of a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backends {
    /// Of the hot store.
    pub hot: Backend,
    /// Of the audit store.
    pub audit: Backend,
}

impl Backend {
    /// The word of `/health`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Backend::Embedded => "embedded",
            Backend::Redis => "redis",
            Backend::PostgreSql => "postgresql",
        }
    }

    /// What the checks read from, in words.
    #[must_use]
    pub fn name_of_hot(self) -> &'static str {
        match self {
            Backend::Embedded | Backend::PostgreSql => "a database file (hot.db)",
            Backend::Redis => "Redis",
        }
    }

    /// What keeps the audit trail, in words.
    #[must_use]
    pub fn name_of_audit(self) -> &'static str {
        match self {
            Backend::Embedded | Backend::Redis => "the database file (audit.db)",
            Backend::PostgreSql => "PostgreSQL",
        }
    }

    /// Its name as people write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Backend::Embedded => "embedded",
            Backend::Redis => "Redis",
            Backend::PostgreSql => "PostgreSQL",
        }
    }
}
