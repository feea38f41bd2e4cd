//! Lists as files of any size: CSV and JSON, page by page from the store, never whole in memory. A cell that a
//! spreadsheet would take for a formula is made a text.

use std::io;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bridge_store::StoreError;
use bridge_store::desk::Page;
use futures_util::stream;
use serde_json::{Map, Value};

use crate::base::problem::{Code, Problem};

/// Rows that are read at once.
pub(super) const PAGE: usize = 1_000;

/// Which kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Csv,
    Json,
}

impl Kind {
    /// By the end of the address: `csv` or `json`.
    pub(super) fn asked(name: &str) -> Result<Kind, Problem> {
        match name {
            "csv" => Ok(Kind::Csv),
            "json" => Ok(Kind::Json),
            _ => Err(Problem::new(Code::NotFound, "there is this list as csv and as json")),
        }
    }
}

/// A row with names for its cells, always the same and in the same order.
pub(super) trait Exported {
    /// Column by column.
    fn cells(&self) -> Vec<(&'static str, Value)>;
}

/// Reads page after page with `read`, which is given where the one before ended, until there is none.
pub(super) fn file<T, C, Read, Reading>(kind: Kind, name: &str, read: Read) -> Response
where
    T: Exported + Send + 'static,
    C: Send + 'static,
    Read: FnMut(Option<C>) -> Reading + Send + 'static,
    Reading: Future<Output = Result<Page<T, C>, StoreError>> + Send,
{
    let begin = State { read, place: Place::Start, written: 0 };
    let chunks = stream::try_unfold(begin, move |mut state| async move {
        let place = match std::mem::replace(&mut state.place, Place::End) {
            Place::End => return Ok(None),
            Place::Start => None,
            Place::At(place) => Some(place),
        };
        // The client sees a file that breaks off, not one that seems whole.
        let page = (state.read)(place).await.map_err(io::Error::other)?;
        let mut chunk = Vec::new();
        for row in &page.rows {
            write(kind, &mut chunk, state.written, row)?;
            state.written += 1;
        }
        match page.next {
            Some(place) => state.place = Place::At(place),
            None if kind == Kind::Json => {
                chunk.extend_from_slice(if state.written == 0 { b"[]\n" } else { b"\n]\n" });
            }
            None => {}
        }
        Ok::<_, io::Error>(Some((chunk, state)))
    });
    let (media, end) = match kind {
        Kind::Csv => ("text/csv; charset=utf-8", "csv"),
        Kind::Json => ("application/json", "json"),
    };
    let mut response = Body::from_stream(chunks).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}.{end}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

struct State<Read, C> {
    read: Read,
    place: Place<C>,
    written: u64,
}

enum Place<C> {
    Start,
    At(C),
    End,
}

fn write(kind: Kind, to: &mut Vec<u8>, written: u64, row: &impl Exported) -> io::Result<()> {
    let cells = row.cells();
    match kind {
        Kind::Csv => {
            let mut writer = csv::Writer::from_writer(to);
            if written == 0 {
                writer.write_record(cells.iter().map(|(name, _)| name))?;
            }
            writer.write_record(cells.iter().map(|(_, value)| cell(value)))?;
            writer.flush()
        }
        Kind::Json => {
            to.extend_from_slice(if written == 0 { b"[\n" } else { b",\n" });
            let object: Map<String, Value> =
                cells.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            Ok(serde_json::to_writer(to, &object)?)
        }
    }
}

/// As a spreadsheet may read it: what begins like a formula gets an apostrophe before it; a number in E.164 is none.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        other => return other.to_string(),
    };
    let is_number = text.strip_prefix('+').is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && !is_number {
        format!("'{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde_json::json;

    use super::*;

    struct Line(i64, &'static str);

    impl Exported for Line {
        fn cells(&self) -> Vec<(&'static str, Value)> {
            vec![("id", json!(self.0)), ("text", json!(self.1))]
        }
    }

    async fn text(kind: Kind, pages: &'static [&'static [&'static str]]) -> String {
        let response = file(kind, "list", move |place: Option<usize>| async move {
            let n = place.unwrap_or(0);
            let rows = pages.get(n).into_iter().copied().flatten();
            let rows = rows.enumerate().map(|(id, text)| Line(id.try_into().unwrap(), text)).collect();
            Ok(Page { rows, next: (n + 1 < pages.len()).then_some(n + 1), scanned_until: None })
        });
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn pages_become_one_file() {
        const PAGES: &[&[&str]] = &[&["a", "b,\"c\""], &[], &["+919876543210", "+1+2", "=cmd()", "@x", "-1"]];
        let csv = text(Kind::Csv, PAGES).await;
        assert_eq!(
            csv,
            "id,text\n0,a\n1,\"b,\"\"c\"\"\"\n0,+919876543210\n1,'+1+2\n2,'=cmd()\n3,'@x\n4,'-1\n"
        );
        let rows: Vec<Value> = serde_json::from_str(&text(Kind::Json, PAGES).await).unwrap();
        assert_eq!((rows.len(), &rows[4]["text"]), (7, &json!("=cmd()")));
        assert_eq!(text(Kind::Json, &[&[]]).await, "[]\n");
        assert_eq!(text(Kind::Csv, &[&[]]).await, "");
    }
}
