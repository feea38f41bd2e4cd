//! Lists as files of any size: CSV and JSON, written as their rows are read, never whole in memory. A cell that a
//! spreadsheet would take for a formula is made a text.

use std::io;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bridge_formats::formula;
use futures_util::{TryStreamExt, stream};
use serde_json::{Map, Value};

use crate::show::zone;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::looking::every::Every;

/// At the beginning of a table, so that Excel reads its letters right.
const BOM: &[u8] = "\u{feff}".as_bytes();

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
    /// The row column by column.
    fn cells(&self) -> Vec<(&'static str, Value)>;
}

/// The rows as a file of that name.
pub(super) fn file<T: Exported + Send + 'static>(kind: Kind, name: &str, rows: Every<T>) -> Response {
    let begin = (rows, 0, false);
    // The rows are written when nobody knows of the request any more.
    let zone = zone::now();
    let chunks = stream::try_unfold(begin, move |(mut rows, mut written, ended)| {
        let zone = zone.clone();
        async move {
            if ended {
                return Ok(None);
            }
            let mut chunk = Vec::new();
            // The client sees a file that breaks off, not one that seems whole.
            let page = rows.try_next().await.map_err(io::Error::other)?;
            let ended = page.is_none();
            if kind == Kind::Csv && written == 0 && !page.as_ref().is_none_or(Vec::is_empty) {
                chunk.extend_from_slice(BOM);
            }
            for row in page.iter().flatten() {
                zone::within_now(zone.clone(), || write(kind, &mut chunk, written, row))?;
                written += 1;
            }
            if ended && kind == Kind::Json {
                chunk.extend_from_slice(if written == 0 { b"[]\n" } else { b"\n]\n" });
            }
            Ok::<_, io::Error>(Some((chunk, (rows, written, ended))))
        }
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

/// As a spreadsheet may read it: nothing in it is a formula.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => formula::guarded(text).into_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use bridge_formats::export::{Held, Rows};
    use bridge_store::desk::Page;
    use http_body_util::BodyExt;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use bridge_app::looking::every::every;

    struct Line(i64, &'static str);

    impl Exported for Line {
        fn cells(&self) -> Vec<(&'static str, Value)> {
            vec![("id", json!(self.0)), ("text", json!(self.1))]
        }
    }

    async fn text(kind: Kind, pages: &'static [&'static [&'static str]]) -> String {
        let rows = every(move |place: Option<usize>, _| async move {
            let n = place.unwrap_or(0);
            let rows = pages.get(n).into_iter().copied().flatten();
            let rows = rows.enumerate().map(|(id, text)| Line(id.try_into().unwrap(), text)).collect();
            Ok(Page { rows, next: (n + 1 < pages.len()).then_some(n + 1), scanned_until: None })
        });
        let response = file(kind, "list", rows);
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn pages_become_one_file() {
        const PAGES: &[&[&str]] = &[&["a", "b,\"c\""], &[], &["+919876543210", "+1+2", "=cmd()", "@x", "-1"]];
        let csv = text(Kind::Csv, PAGES).await;
        assert_eq!(
            csv,
            "\u{feff}id,text\n0,a\n1,\"b,\"\"c\"\"\"\n0,+919876543210\n1,'+1+2\n2,'=cmd()\n3,'@x\n4,'-1\n"
        );
        let rows: Vec<Value> = serde_json::from_str(&text(Kind::Json, PAGES).await).unwrap();
        assert_eq!((rows.len(), &rows[4]["text"]), (7, &json!("=cmd()")));
        assert_eq!(text(Kind::Json, &[&[]]).await, "[]\n");
        assert_eq!(text(Kind::Csv, &[&[]]).await, "");
    }

    struct Sms(&'static str, String);

    impl Exported for Sms {
        fn cells(&self) -> Vec<(&'static str, Value)> {
            vec![
                ("sms_id", json!("01234567-89ab-7def-8123-456789abcdef")),
                ("mobile_number", json!(self.0)),
                ("sms_message", json!(self.1)),
                ("received_timestamp", json!("2026-01-31T12:00:00Z")),
                ("reason", json!("=1;-2")),
            ]
        }
    }

    /// What a spreadsheet may make of the table: other separators, quotes and ends of lines, a mark at its beginning, other
    /// letters.
    fn saved_again(table: &[u8], separator: u8, quotes: csv::QuoteStyle, utf16: bool) -> Vec<u8> {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(separator)
            .quote_style(quotes)
            .terminator(csv::Terminator::CRLF)
            .from_writer("\u{feff}".as_bytes().to_vec());
        let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(table);
        for row in rows.byte_records() {
            writer.write_byte_record(&row.unwrap()).unwrap();
        }
        let table = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        if utf16 { table.encode_utf16().flat_map(u16::to_le_bytes).collect() } else { table.into_bytes() }
    }

    /// Senders and texts of a list, as `import` reads them.
    fn read_back(list: &[u8], kind: bridge_formats::export::Kind) -> Vec<(String, String)> {
        let mut rows = Rows::new(Some(kind));
        rows.push(list);
        rows.end();
        let next = || rows.next_row().unwrap().map(|row| row.held);
        std::iter::from_fn(next)
            .map(|held| match held {
                Held::Sms(sms) => (sms.delivered.sender, sms.delivered.text),
                other => panic!("no SMS: {other:?}"),
            })
            .collect()
    }

    proptest! {
        #[test]
        fn what_the_desk_exports_import_reads_back_whole(
            odd in prop::collection::vec("[=+@;',|\"a1 \t\r\n\u{feff}\u{200b}\u{ff1d}-]{0,10}", 0..6),
            any in prop::collection::vec(any::<String>(), 0..3),
            sender in prop::sample::select(vec![
                "+919876543210", "MYBANK", "4.47911E+11", "447911123456.5", "'4.47911E+11", "'57575", "57575", "+4.4E+11", "=1+1",
            ]),
        ) {
            // As texts are stored.
            let stored = |text: String| (sender.to_owned(), bridge_core::message::storable(&text).into_owned());
            let texts: Vec<(String, String)> = odd.into_iter().chain(any).map(stored).collect();
            let (mut list, mut json) = (Vec::new(), Vec::new());
            for (written, (_, text)) in texts.iter().enumerate() {
                write(Kind::Csv, &mut list, written as u64, &Sms(sender, text.clone())).unwrap();
                write(Kind::Json, &mut json, written as u64, &Sms(sender, text.clone())).unwrap();
            }
            if !texts.is_empty() {
                use bridge_formats::export::Kind as Read;
                prop_assert_eq!(&read_back(&list, Read::Csv), &texts);
                json.extend_from_slice(b"\n]\n");
                prop_assert_eq!(&read_back(&json, Read::Json), &texts);
                for (separator, quotes, utf16) in [
                    (b';', csv::QuoteStyle::Necessary, false),
                    (b',', csv::QuoteStyle::Always, false),
                    (b'\t', csv::QuoteStyle::Necessary, true),
                ] {
                    let again = saved_again(&list, separator, quotes, utf16);
                    prop_assert_eq!(&read_back(&again, Read::Csv), &texts);
                }
            }
        }
    }
}
