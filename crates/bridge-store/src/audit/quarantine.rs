//! A body that nobody can use, as it is kept.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge_core::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Result;

/// A body that an authenticated sender sent and nobody can use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Its identity, made when it came in: written again, it is still one.
    pub id: Uuid,
    /// When it came in.
    pub at: Timestamp,
    /// The name of the receiver that sent it.
    pub receiver_id: String,
    /// The format it came in, or `unknown`.
    pub format: String,
    /// Why nobody can use it.
    pub reason: String,
    /// Its content type.
    pub content_type: String,
    /// The raw bytes, without what authenticated them; of a long one its beginning.
    #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
    pub body: Vec<u8>,
    /// How long it was, where only its beginning is kept.
    #[serde(default)]
    pub whole_bytes: Option<u64>,
}

/// How much of one receiver is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuarantineRoom {
    /// At most so many bodies.
    pub bodies: u64,
    /// At most so many bytes of them together.
    pub bytes: u64,
}

impl Quarantined {
    /// For whoever it is about: the body as text.
    #[must_use]
    pub fn shown(&self) -> Value {
        json!({
            "at": self.at,
            "receiver_id": self.receiver_id,
            "format": self.format,
            "reason": self.reason,
            "body": String::from_utf8_lossy(&self.body),
            "whole_bytes": self.whole_bytes,
        })
    }
}

/// Base64: a list of numbers is three times as long.
fn write_bytes<S: Serializer>(bytes: &[u8], to: S) -> std::result::Result<S::Ok, S::Error> {
    to.serialize_str(&STANDARD.encode(bytes))
}

fn read_bytes<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    STANDARD.decode(text).map_err(de::Error::custom)
}

/// Bodies that nobody can use, with their reasons.
#[async_trait]
pub trait QuarantineTrail: Send + Sync + 'static {
    /// Keeps a body that nobody can use, once for its id.
    async fn quarantine(&self, entry: &Quarantined) -> Result<()>;
    /// Lets go of the oldest bodies of that receiver until the rest has room, and answers how many. The newest stays. Rows
    /// that a table refused are no bodies.
    async fn trim_quarantine(&self, receiver_id: &str, room: QuarantineRoom) -> Result<u64>;
    /// The newest quarantined bodies, at most `max`.
    async fn quarantined(&self, max: usize) -> Result<Vec<Quarantined>>;
    /// One quarantined body.
    async fn quarantined_one(&self, id: Uuid) -> Result<Option<Quarantined>>;
    /// Takes a body out of quarantine: it could be used after all, or nobody wants it. False if it was not there.
    async fn remove_quarantined(&self, id: Uuid) -> Result<bool>;
}
