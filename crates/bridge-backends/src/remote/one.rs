//! One person at the remote: what it has of a number, and its removal.

use bridge_core::Timestamp;
use bridge_store::remote::Paused;
use serde_json::{Value, json};

use super::batch::{Failure, Function, UNREADABLE};

pub(super) async fn find(function: &dyn Function, mobile: &str) -> Result<Vec<Value>, Paused> {
    let asked = json!({ "mobile_number": mobile });
    match ask(function, "find_validated_mobile", mobile, &asked).await? {
        Value::Array(rows) => Ok(rows),
        _ => Err(Paused::because(UNREADABLE.to_owned())),
    }
}

pub(super) async fn erase(function: &dyn Function, mobile: &str, until: Timestamp) -> Result<u64, Paused> {
    let asked = json!({ "mobile_number": mobile, "until": until.to_rfc3339_millis() });
    let answer = ask(function, "erase_validated_mobile", mobile, &asked).await?;
    answer.as_u64().ok_or_else(|| Paused::because(UNREADABLE.to_owned()))
}

/// Whatever it refuses, the number is not told to a log.
async fn ask(
    function: &dyn Function,
    name: &'static str,
    mobile: &str,
    asked: &Value,
) -> Result<Value, Paused> {
    let hidden = |reason: &str| reason.replace(mobile, "+***");
    match function.call(name, &asked.to_string()).await {
        Ok(answer) => serde_json::from_str(&answer).map_err(|_| Paused::because(UNREADABLE.to_owned())),
        Err(Failure::Paused(paused)) => Err(Paused { reason: hidden(&paused.reason), ..paused }),
        Err(Failure::Refused(reason)) => Err(Paused::because(hidden(&reason))),
    }
}
