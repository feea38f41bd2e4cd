//! How rows reach the remote, whichever protocol carries them: as one call of its function, which answers for
//! each row; and as smaller ones when the call as a whole is refused, to find the row that is to blame.

use async_trait::async_trait;
use bridge_store::audit::Unsynced;
use bridge_store::remote::{Paused, Pushed};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::reason::hide_rows;

/// Of an answer that is no JSON, or of another shape.
pub(super) const UNREADABLE: &str = "its answer cannot be read: does the URL lead to the remote?";

/// Why a call did not answer for its rows.
pub(super) enum Failure {
    /// No row is to blame.
    Paused(Paused),
    /// Something in the call is refused, and would be again.
    Refused(String),
}

/// The remote's function that writes rows.
const PUSH: &str = "push_validated_mobiles";

/// The remote's functions.
#[async_trait]
pub(super) trait Function: Send + Sync {
    /// Calls one with JSON, the rows or what to look for, and answers what it answered.
    async fn call(&self, function: &'static str, batch: &str) -> Result<String, Failure>;
}

/// A row as the function reads it.
#[derive(Serialize)]
struct Row<'a> {
    mobile_number: &'a str,
    device_id: &'a str,
    validated_at: String,
    sms_id: Uuid,
}

/// Calls it with no row: it says whether it may write, and writes nothing.
pub(super) async fn ping(function: &dyn Function) -> Result<(), Paused> {
    match send(function, &[]).await {
        Ok(_) => Ok(()),
        Err(Failure::Paused(paused)) => Err(paused),
        Err(Failure::Refused(reason)) => Err(Paused::because(reason)),
    }
}

/// One answer for each row, in their order.
pub(super) async fn push(function: &dyn Function, rows: &[Unsynced]) -> Result<Vec<Pushed>, Paused> {
    let mut answers = Vec::with_capacity(rows.len());
    // The next part is the last one here.
    let mut parts = vec![rows];
    let mut rows_are_to_blame = false;
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        match send(function, part).await {
            Ok(pushed) => answers.extend(pushed),
            Err(Failure::Paused(paused)) => return Err(paused),
            Err(Failure::Refused(reason)) => {
                if !rows_are_to_blame {
                    // A remote that refuses even a call without rows is not one for rows to be judged by.
                    ping(function).await?;
                    rows_are_to_blame = true;
                }
                if part.len() == 1 {
                    answers.push(Pushed::Refused(reason));
                } else {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
            }
        }
    }
    Ok(answers)
}

async fn send(function: &dyn Function, rows: &[Unsynced]) -> Result<Vec<Pushed>, Failure> {
    call(function, rows).await.map_err(|failure| match failure {
        Failure::Paused(paused) => {
            Failure::Paused(Paused { reason: hide_rows(&paused.reason, rows), ..paused })
        }
        Failure::Refused(reason) => Failure::Refused(hide_rows(&reason, rows)),
    })
}

async fn call(function: &dyn Function, rows: &[Unsynced]) -> Result<Vec<Pushed>, Failure> {
    let batch: Vec<Row> = rows
        .iter()
        .map(|row| Row {
            mobile_number: &row.mobile_number,
            device_id: &row.device_id,
            validated_at: row.validated_at.to_rfc3339_millis(),
            sms_id: row.sms_id,
        })
        .collect();
    let batch = serde_json::to_string(&batch).map_err(|why| Failure::Refused(why.to_string()))?;
    read(&function.call(PUSH, &batch).await?, rows).map_err(Failure::Paused)
}

/// Reads `[null, "23514 why", …]`.
fn read(answer: &str, rows: &[Unsynced]) -> Result<Vec<Pushed>, Paused> {
    let unreadable = || Paused::because(UNREADABLE.to_owned());
    let answers: Vec<Value> = serde_json::from_str(answer).map_err(|_| unreadable())?;
    if answers.len() != rows.len() {
        return Err(unreadable());
    }
    let pushed = answers.into_iter().zip(rows).map(|(answer, row)| match answer {
        Value::Null => Ok(Pushed::Stored),
        Value::String(reason) => Ok(Pushed::Refused(hide_rows(&reason, std::slice::from_ref(row)))),
        _ => Err(unreadable()),
    });
    pushed.collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bridge_core::Timestamp;

    use super::*;

    /// Refuses a call that holds one of these numbers; remembers the calls.
    struct Strict {
        bad: &'static [&'static str],
        everything: bool,
        calls: Mutex<Vec<usize>>,
    }

    #[async_trait]
    impl Function for Strict {
        async fn call(&self, _: &'static str, batch: &str) -> Result<String, Failure> {
            let rows: Vec<Value> = serde_json::from_str(batch).unwrap();
            self.calls.lock().unwrap().push(rows.len());
            let is_bad = |row: &Value| self.bad.contains(&row["mobile_number"].as_str().unwrap());
            if self.everything || rows.iter().any(is_bad) {
                return Err(Failure::Refused("no".into()));
            }
            Ok(serde_json::to_string(&vec![Value::Null; rows.len()]).unwrap())
        }
    }

    fn rows(numbers: &[&str]) -> Vec<Unsynced> {
        let row = |number: &&str| Unsynced {
            sms_id: Uuid::nil(),
            server_received_at: Timestamp(0),
            mobile_number: (*number).to_owned(),
            device_id: String::new(),
            validated_at: Timestamp(0),
        };
        numbers.iter().map(row).collect()
    }

    #[tokio::test]
    async fn the_rows_to_blame_are_found_and_stop_no_other() {
        let strict = Strict { bad: &["b", "e"], everything: false, calls: Mutex::default() };
        let answers = push(&strict, &rows(&["a", "b", "c", "d", "e"])).await.unwrap();
        let no = || Pushed::Refused("no".into());
        assert_eq!(answers, [Pushed::Stored, no(), Pushed::Stored, Pushed::Stored, no()]);
        assert_eq!(*strict.calls.lock().unwrap(), [5, 0, 2, 1, 1, 3, 1, 2, 1, 1]);
    }

    #[tokio::test]
    async fn a_remote_that_refuses_everything_blames_no_row() {
        let strict = Strict { bad: &[], everything: true, calls: Mutex::default() };
        assert_eq!(push(&strict, &rows(&["a"])).await, Err(Paused::because("no".to_owned())));
    }

    #[test]
    fn an_answer_that_is_none_pauses() {
        let two = rows(&["a", "b"]);
        assert_eq!(read("[null, \"23514 why\"]", &two).unwrap()[1], Pushed::Refused("23514 why".into()));
        for text in ["", "<html>", "{}", "[]", "[1]", "[null, null]"] {
            assert!(read(text, &two[..1]).is_err(), "{text}");
        }
    }
}
