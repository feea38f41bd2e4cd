//! Keys that an operator made.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_core::message::storable;
use bridge_store::Result;
use bridge_store::audit::{ApiKey, ApiKeyTrail, Scope};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::columns::{At, column};
use super::lease::{Lease, QUICK};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl ApiKeyTrail for PostgresAudit {
    async fn api_keys(&self) -> Result<Vec<ApiKey>> {
        on_lease!(self.api_keys(QUICK, all))
    }

    async fn add_api_key(&self, key: &ApiKey) -> Result<bool> {
        on_lease!(self.add_api_key(QUICK, add, key))
    }

    async fn note_api_key_used(&self, id: Uuid, at: Timestamp) -> Result<()> {
        on_lease!(self.note_api_key_used(QUICK, note_used, id, at))
    }

    async fn remove_api_key(&self, id: Uuid) -> Result<bool> {
        on_lease!(self.remove_api_key(QUICK, remove, id))
    }
}

async fn all(lease: &mut Lease) -> Result<Vec<ApiKey>> {
    lease
        .rows(
            "SELECT id, name, scopes, secret_hash, hint, created_at, created_by, last_used_at
             FROM ops.api_key ORDER BY created_at, id",
            &[],
            |row| {
                let words: Vec<String> = row.try_get(2)?;
                Ok(ApiKey {
                    id: row.try_get(0)?,
                    name: row.try_get(1)?,
                    // One that only a newer version knows opens nothing of this one.
                    scopes: words.iter().filter_map(|word| Scope::named(word)).collect(),
                    secret_hash: row.try_get(3)?,
                    hint: row.try_get(4)?,
                    created_at: row.try_get::<_, At>(5)?.0,
                    created_by: row.try_get(6)?,
                    last_used_at: row.try_get::<_, Option<At>>(7)?.map(|at| at.0),
                })
            },
        )
        .await
}

async fn add(lease: &mut Lease, key: &ApiKey) -> Result<bool> {
    let words = column(&key.scopes, |scope| scope.word());
    let added = lease
        .run(
            "INSERT INTO ops.api_key (id, name, scopes, secret_hash, hint, created_at, created_by, last_used_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
            &[
                (&key.id, Type::UUID),
                (&storable(&key.name), Type::TEXT),
                (&words, Type::TEXT_ARRAY),
                (&key.secret_hash, Type::TEXT),
                (&key.hint, Type::TEXT),
                (&At(key.created_at), Type::TIMESTAMPTZ),
                (&storable(&key.created_by), Type::TEXT),
                (&key.last_used_at.map(At), Type::TIMESTAMPTZ),
            ],
        )
        .await?;
    Ok(added > 0)
}

async fn note_used(lease: &mut Lease, id: Uuid, at: Timestamp) -> Result<()> {
    let sql = "UPDATE ops.api_key SET last_used_at = $2 WHERE id = $1 AND (last_used_at < $2 OR last_used_at IS NULL)";
    lease.run(sql, &[(&id, Type::UUID), (&At(at), Type::TIMESTAMPTZ)]).await.map(drop)
}

async fn remove(lease: &mut Lease, id: Uuid) -> Result<bool> {
    Ok(lease.run("DELETE FROM ops.api_key WHERE id = $1", &[(&id, Type::UUID)]).await? > 0)
}
