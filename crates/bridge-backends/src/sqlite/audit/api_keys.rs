//! Keys that an operator made.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_store::Result;
use bridge_store::audit::{ApiKey, ApiKeyTrail, Scope};
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::columns::{At, uuid};
use super::store::SqliteAudit;
use crate::sqlite::engine::Json;

#[async_trait]
impl ApiKeyTrail for SqliteAudit {
    async fn api_keys(&self) -> Result<Vec<ApiKey>> {
        self.engine.read("api_keys", all).await
    }

    async fn add_api_key(&self, key: &ApiKey) -> Result<bool> {
        let key = key.clone();
        self.engine.write("add_api_key", move |c, _| add(c, &key)).await
    }

    async fn note_api_key_used(&self, id: Uuid, at: Timestamp) -> Result<()> {
        let note = move |c: &Connection| {
            let sql = "UPDATE ops_api_key SET last_used_at = ?2
                 WHERE id = ?1 AND (last_used_at < ?2 OR last_used_at IS NULL)";
            c.prepare_cached(sql)?.execute(params![id.to_string(), At(at)]).map(drop)
        };
        self.engine.write("note_api_key_used", move |c, _| note(c)).await
    }

    async fn remove_api_key(&self, id: Uuid) -> Result<bool> {
        let remove = move |c: &Connection| {
            c.prepare_cached("DELETE FROM ops_api_key WHERE id = ?1")?.execute([id.to_string()])
        };
        self.engine.write("remove_api_key", move |c, _| Ok(remove(c)? > 0)).await
    }
}

fn all(conn: &Connection) -> rusqlite::Result<Vec<ApiKey>> {
    conn.prepare_cached(
        "SELECT id, name, scopes, secret_hash, hint, created_at, created_by, last_used_at FROM ops_api_key
         ORDER BY created_at, id",
    )?
    .query_map([], |row| {
        let Json(words) = row.get::<_, Json<Vec<String>>>(2)?;
        Ok(ApiKey {
            id: uuid(row, 0)?,
            name: row.get(1)?,
            // One that only a newer version knows opens nothing of this one.
            scopes: words.iter().filter_map(|word| Scope::named(word)).collect(),
            secret_hash: row.get(3)?,
            hint: row.get(4)?,
            created_at: row.get::<_, At>(5)?.0,
            created_by: row.get(6)?,
            last_used_at: row.get::<_, Option<At>>(7)?.map(|at| at.0),
        })
    })?
    .collect()
}

fn add(conn: &Connection, key: &ApiKey) -> rusqlite::Result<bool> {
    let added = conn
        .prepare_cached(
            "INSERT OR IGNORE INTO ops_api_key (id, name, scopes, secret_hash, hint, created_at, created_by,
                 last_used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            key.id.to_string(),
            key.name,
            Json(&key.scopes),
            key.secret_hash,
            key.hint,
            At(key.created_at),
            key.created_by,
            key.last_used_at.map(At),
        ])?;
    Ok(added > 0)
}
