//! The store at a PostgreSQL server: its connections, and how an operation gets one. What is stored is in the files beside
//! this one, one for each trait.

use super::lease::Connections;

/// The audit store on PostgreSQL.
pub(super) struct PostgresAudit {
    pub(super) connections: Connections,
}

/// `operation(limit, function(arguments…))`: leases a connection for the function.
macro_rules! on_lease {
    ($self:ident . $operation:ident ($limit:expr, $function:path $(, $argument:expr)*)) => {{
        let mut lease = $self.connections.lease(stringify!($operation), $limit).await?;
        $function(&mut lease $(, $argument)*).await
    }};
}

pub(super) use on_lease;
