//! Tables of exports as phones and people write them, broken ones too, and what any bytes may do.

use bridge_core::{Stamp, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::content::Delivered;
use crate::format::Clock;

mod beginnings;
mod odd_rows;

/// Every row, however the bytes are cut into pieces.
fn rows(said: Option<Kind>, bytes: &[u8], piece: usize) -> Result<Vec<Row>, Unusable> {
    let mut rows = Rows::new(said);
    let mut out = Vec::new();
    for piece in bytes.chunks(piece) {
        rows.push(piece);
        while let Some(row) = rows.next_row()? {
            out.push(row);
        }
    }
    rows.end();
    while let Some(row) = rows.next_row()? {
        out.push(row);
    }
    Ok(out)
}

/// `line sender|text|network|phone`, `line skipped` or `line reason`.
fn told(row: &Row) -> String {
    let stamp = |stamp: &Option<Stamp>| match stamp {
        None => "-".to_owned(),
        Some(Stamp::Moment(at)) => at.to_string(),
        Some(Stamp::Civil { raw, .. } | Stamp::Unreadable(raw)) => format!("{raw:?}"),
    };
    match &row.held {
        Held::Sms(sms) => {
            let Delivered { sender, text, .. } = &sms.delivered;
            format!("{} {sender}|{text}|{}|{}", row.line, stamp(&sms.network), stamp(&sms.phone))
        }
        Held::Skipped(other) => format!("{} {other:?}", row.line),
        Held::Unusable(unusable) => format!("{} {}", row.line, unusable.reason()),
    }
}

fn read(bytes: impl AsRef<[u8]>) -> Vec<String> {
    let bytes = bytes.as_ref();
    let whole = rows(None, bytes, usize::MAX).unwrap();
    assert_eq!(whole, rows(None, bytes, 1).unwrap(), "cut into bytes");
    assert_eq!(whole, rows(None, bytes, 7).unwrap(), "cut into pieces");
    whole.iter().map(told).collect()
}

fn refused(bytes: &[u8]) -> String {
    rows(None, bytes, usize::MAX).unwrap_err().reason()
}

const NOON: &str = "2026-01-31T12:00:00Z";

#[test]
fn of_a_termux_list_the_number_is_the_sender_whatever_its_owner_calls_them() {
    let entry = |rest: &str| format!(r#"{{"threadid":7,"_id":12,"read":true,"body":"hello",{rest}}}"#);
    let list = [
        entry(&format!(r#""type":"inbox","sender":"Mum","number":"+919876543210","received":"{NOON}""#)),
        entry(&format!(r#""type":"inbox","number":"+919876543210","received":"{NOON}""#)),
        entry(&format!(r#""type":"sent","sender":"Mum","number":"+919876543210","received":"{NOON}""#)),
        entry(r#""type":"inbox","sender":"Mum","number":"+919876543210","received":"2026-01-31 12:00""#),
    ];
    let read = read(format!("[{}]", list.join(",\n")));
    let sms = format!("+919876543210|hello|-|{NOON}");
    assert_eq!(read[..3], [format!("1 {sms}"), format!("2 {sms}"), "3 Outgoing".to_owned()]);
    assert_eq!(read[3], "4 +919876543210|hello|-|\"2026-01-31 12:00\"");
}

#[test]
fn csv_of_the_predecessor_and_of_spreadsheets() {
    let expected = [format!("2 +919876543210|hello|-|{NOON}")];
    for table in [
        format!("sender_number,sms_message,received_timestamp\n+919876543210,hello,{NOON}\n"),
        format!(
            "sender_number,sms_message,received_timestamp\r\n\"+919876543210\",\"hello\",\"{NOON}\"\r\n\r\n"
        ),
        format!(
            "\u{feff}Sender Number;SMS Message;Received Timestamp;Note\n+919876543210;hello;{NOON};\n;;;\n"
        ),
        "number\tbody\ttimestamp\n+919876543210\thello\t1769860800000".to_owned(),
        "id,sender_number,sms_message,received_timestamp\n7,+919876543210,hello,2026-01-31 12:00:00+00\n"
            .to_owned(),
    ] {
        assert_eq!(read(&table), expected, "{table}");
    }
    let said = read(format!("sep=;\nnumber;body;timestamp\n+919876543210;a,b;{NOON}"));
    assert_eq!(said, [format!("3 +919876543210|a,b|-|{NOON}")]);
}

#[test]
fn csv_with_line_breaks_quotes_and_bytes_of_another_century() {
    let table = format!("from,text,timestamp\n+1,\"a\nb \"\"c\"\", d\",{NOON}\n+2,e \"f\",{NOON}\n");
    assert_eq!(read(table), [format!("2 +1|a\nb \"c\", d|-|{NOON}"), format!("4 +2|e \"f\"|-|{NOON}")]);
    let mut latin = b"from,text,timestamp\n+1,caf\xe9\0,".to_vec();
    latin.extend_from_slice(NOON.as_bytes());
    assert_eq!(read(latin), [format!("2 +1|caf\\xe9\\u0000|-|{NOON}")]);
}

#[test]
fn a_broken_row_of_a_table_costs_itself_alone() {
    let good = |line: u64| format!("{line} +9|x|-|{NOON}");
    let table = format!(
        "from,text,timestamp\n+1,\"open,{NOON}\n+9,x,{NOON}\n+2,a,b,{NOON}\n+9,x,{NOON}\n9.1E+11,x,{NOON}\n+3,x\n+4,x,soon\n+9,x,{NOON}\n"
    );
    let read = read(table);
    assert_eq!(read[0], "2 the row opens a quote that is never closed");
    assert_eq!(read[1], good(3));
    assert!(read[2].starts_with("4 the row has 4 values for 3 columns"), "{read:?}");
    assert_eq!(read[3], good(5));
    assert!(read[4].starts_with("6 sender_number was rounded by a spreadsheet"), "{read:?}");
    assert_eq!(read[5], "7 +3|x|-|-", "its time is not known (D40)");
    assert_eq!(read[6], "8 +4|x|-|\"soon\"");
    assert_eq!(read[7], good(9));
}

#[test]
fn an_open_quote_is_taken_back_only_so_often() {
    let rows: String = (0..100).map(|n| format!("+{n},x\",\"\n")).collect();
    let read = read(format!("from,text,timestamp\n{rows}"));
    assert!(read.iter().all(|row| row.ends_with("opens a quote that is never closed")), "{read:?}");
    assert_eq!((read.len(), read[64].starts_with("66 ")), (65, true));
}

#[test]
fn ndjson_line_by_line() {
    let lines = format!(
        "{{\"mobile_number\":\"+919876543210\",\"message\":\"a\\ud83d\\ude00\",\"received_at\":\"{NOON}\"}}\n\
         \n{{\"from\":\"+1\",\"text\":\"\",\"sentStamp\":1769860799000,\"receivedStamp\":1769860800000}}\r\n\
         {{\"from\":\"+1\",\n{{}}\n{{\"from\":\"+1\",\"text\":\"x\"}}\n{{\"from\":\"+2\",\"text\":\"y\",\"timestamp\":\"{NOON}\"}}"
    );
    let read = read(lines);
    assert_eq!(read[0], format!("1 +919876543210|a\u{1f600}|-|{NOON}"));
    assert_eq!(read[1], format!("3 +1||2026-01-31T11:59:59Z|{NOON}"));
    assert!(read[2].starts_with("4 the body is not JSON"), "{read:?}");
    assert!(read[3].starts_with("5 mobile_number is missing"), "{read:?}");
    assert_eq!(read[4], "6 +1|x|-|-", "its time is not known (D40)");
    assert_eq!(read[5], format!("7 +2|y|-|{NOON}"));
}

const INBOX: &str = r#"[
  {"id":"text:-1582119980","type":"SMS","sender":"+919876543210","recipient":"+15550199999","simNumber":2,
   "contentPreview":"a ] } \" b","createdAt":"2026-01-31T17:30:00.000+05:30","attachments":[]},
  {"id":"mms:5","type":"MMS","sender":"+1","contentPreview":"","createdAt":"2026-01-31T12:00:00Z"},
  {"type":"SMS","sender":"+1","contentPreview":"x","createdAt":"late"},
  {"type":"SMS","sender":"57575","recipient":null,"contentPreview":"","createdAt":"2026-01-31T12:00:00Z"}
]"#;

#[test]
fn the_inbox_of_smsgate() {
    let read = read(INBOX);
    assert_eq!(read[0], format!("2 +919876543210|a ] }} \" b|{NOON}|-"));
    assert_eq!(read[1], "4 NoText");
    assert_eq!(read[2], "5 +1|x|\"late\"|-");
    assert_eq!(read[3..], [format!("6 57575||{NOON}|-")]);
    let rows = rows(None, INBOX.as_bytes(), 100).unwrap();
    let Held::Sms(first) = &rows[0].held else { panic!("{rows:?}") };
    let Delivered { number, device, content_id, .. } = &first.delivered;
    assert_eq!(number.as_deref(), Some("+15550199999"));
    assert_eq!((device.as_deref(), content_id.as_deref()), (Some("2"), Some("a1b2c3d4")));
}

#[test]
fn the_list_of_termux() {
    let list = r#"[
  {"threadid":1,"type":"inbox","read":true,"sender":"Ann","address":"+1","number":"+1",
   "received":"2026-01-31T12:00:00Z","body":"x","_id":7},
  {"threadid":1,"type":"sent","read":true,"number":"+1","received":"2026-01-31 12:00:00","body":"y","_id":8}
]"#;
    assert_eq!(read(list), [format!("2 +1|x|-|{NOON}"), "4 Outgoing".to_owned()]);
}

#[test]
fn arrays_nested_bare_concatenated_and_cut() {
    let one = |n: u32| {
        format!("{{\"from\":\"+{n}\",\"text\":\"x\",\"timestamp\":\"{NOON}\",\"more\":{{\"a\":[1]}}}}")
    };
    let sms = |line: u64, n: u32| format!("{line} +{n}|x|-|{NOON}");
    assert_eq!(read(format!("[{},{}]", one(1), one(2))), [sms(1, 1), sms(1, 2)]);
    assert_eq!(read(format!("[{}]\n[{}]\n", one(1), one(2))), [sms(1, 1), sms(2, 2)]);
    assert_eq!(read("[]"), Vec::<String>::new());
    let bare = read(format!("[1, \"a,b\", [{}], {}]", one(3), one(1)));
    assert_eq!(bare.len(), 4, "{bare:?}");
    assert_eq!(bare[3], sms(1, 1));
    let cut = read(format!("[{},\n{}", one(1), &one(2)[..20]));
    assert_eq!(cut, [sms(1, 1), "2 the row is cut short: the file ends in the middle of it".to_owned()]);
    let unclosed = read(format!("[{}", one(1)));
    assert_eq!(unclosed[1], "1 the row that should follow is missing: the file ends before its list does");
    let said = rows(Some(Kind::Json), format!("{}\n{}", one(1), one(2)).as_bytes(), 3).unwrap();
    assert_eq!(said.iter().map(told).collect::<Vec<_>>(), [sms(1, 1), sms(2, 2)]);
}

fn backup(inside: &str) -> String {
    format!(
        "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n\
         <!--File Created By SMS Backup & Restore v10 on 31/01/2026 12:00:00, <sms it's > -->\n\
         <?xml-stylesheet type=\"text/xsl\" href=\"sms.xsl\"?>\n<smses count=\"1\">\n{inside}\n</smses>\n"
    )
}

fn element(kind: &str, body: &str, sent: &str) -> String {
    format!(
        "<sms protocol=\"0\" address=\"+919876543210\" date=\"1769860800250\" type=\"{kind}\" subject=\"null\" \
         body=\"{body}\" toa=\"null\" sc_toa=\"null\" service_center=\"null\" read=\"1\" status=\"-1\" locked=\"0\" \
         date_sent=\"{sent}\" sub_id=\"1\" readable_date=\"31 Jan 2026 12:00:00\" contact_name=\"(Unknown)\" />"
    )
}

#[test]
fn sms_backup_and_restore() {
    let cases = [
        ("hello", "hello"),
        ("&#55357;&#56832; &#xD83D;&#xde00; &#128512;", "\u{1f600} \u{1f600} \u{1f600}"),
        ("a&amp;b &lt;c&gt; &quot;d&quot; &apos;e&apos;&#10;f", "a&b <c> \"d\" 'e'\nf"),
        ("&#55357; &#56832;&#0;&#1;", "\\ud83d \\ude00\\u0000\u{1}"),
        ("&#55357;&#55357;&#56832;", "\\ud83d\u{1f600}"),
        ("&unknown; & &#; &#x110000; &#99999999999;", "&unknown; & &#; \\u110000 &#99999999999;"),
        ("a > b ' c é", "a > b ' c é"),
        ("", ""),
    ];
    for (body, text) in cases {
        let read = read(backup(&element("1", body, "1769860799000")));
        assert_eq!(
            read,
            [format!("5 +919876543210|{text}|2026-01-31T11:59:59Z|2026-01-31T12:00:00.25Z")],
            "{body}"
        );
    }
    let unknown = read(backup(&element("1", "x", "0")));
    assert_eq!(unknown, ["5 +919876543210|x|-|2026-01-31T12:00:00.25Z"]);
}

#[test]
fn what_a_backup_holds_besides() {
    let mms = "<mms date=\"1\" ct_t=\"x\"><parts><part seq=\"0\" data=\"AAAA\" /></parts><addrs/></mms>";
    let read = read(backup(&format!(
        "{}\n{mms}\n{}\n<sms type=\"1\" body=\"x\" />\n{}",
        element("2", "sent", "0"),
        element("x", "?", "0"),
        element("1", "x", "0")
    )));
    assert_eq!(read[..2], ["5 Outgoing", "6 NoText"]);
    assert!(read[2].starts_with("7 type must be 1"), "{read:?}");
    assert_eq!(read[3], "8 address is missing; date is missing");
    assert_eq!(read[4], "9 +919876543210|x|-|2026-01-31T12:00:00.25Z");
}

#[test]
fn a_broken_element_costs_itself_alone() {
    let open = element("1", "a", "0").replace("body=\"a\"", "body=\"a");
    let twice = element("1", "x\" body=\"y", "0");
    let inside =
        format!("{open}\n{}\n{twice}\n<sms type=1 />\n{}", element("1", "b", "0"), element("1", "c", "0"));
    let read = read(backup(&inside));
    assert_eq!(read[0], "5 the row is never closed");
    assert!(read[1].starts_with("6 +919876543210|b|"), "{read:?}");
    assert_eq!(read[2], "7 body must stand once");
    assert!(read[3].starts_with("8 the element is not as expected"), "{read:?}");
    assert!(read[4].starts_with("9 +919876543210|c|"), "{read:?}");
    assert_eq!(read.len(), 5);
}

#[test]
fn a_backup_that_is_cut_short_or_none() {
    let whole = backup(&element("1", "x", "0"));
    let cut = read(&whole.as_bytes()[..whole.len() - 9]);
    assert_eq!(cut[1], "6 the row that should follow is missing: the file ends before its list does");
    let cut = read(&whole.as_bytes()[..whole.len() - 40]);
    assert_eq!(cut, ["5 the row is cut short: the file ends in the middle of it"]);
    assert_eq!(read("<smses count=\"0\" />"), Vec::<String>::new());
    assert!(refused(b"<!DOCTYPE html>\n<html></html>").ends_with("it begins with <html>, not with <smses>"));
}

#[test]
fn what_is_no_list_is_refused_in_a_sentence() {
    for (bytes, says) in [
        (&b""[..], "the file is empty"),
        (b" \n\n ", "the file is empty"),
        (
            b"\x1f\x8b\x08\0",
            "the file is compressed with gzip: unpack it, or send it with Content-Encoding: gzip",
        ),
        (
            b"\xd0\xcf\x11\xe0....",
            "the file is a workbook of an old kind (.xls): save it as .xlsx or as `CSV UTF-8`",
        ),
        (b"from,text,number,timestamp,from\n", "from must stand once"),
    ] {
        assert_eq!(refused(bytes), says);
    }
    let headless = refused(b"+919876543210,hello,2026-01-31T12:00:00Z\n");
    assert!(headless.starts_with("mobile_number is missing: the sender, as any of "), "{headless}");
    let zip = refused(b"PK\x03\x04....");
    assert!(zip.starts_with("the file is a zip archive or a workbook, and cannot be read as one"), "{zip}");
}

/// One answer, before anything is taken: the same of a table, of lines and of an array.
#[test]
fn a_list_that_calls_everything_otherwise_is_refused_as_a_whole() {
    let object = r#"{"phone":"+919876543210","msg":"x","when":"2026-01-31T12:00:00Z"}"#;
    let lines = [object; 300].join("\n");
    let array = format!("[{}]", [object; 300].join(","));
    let table = format!("phone,msg,when\n{}", "+919876543210,x,2026-01-31T12:00:00Z\n".repeat(300));
    for list in [lines, array, table] {
        let refused = rows(None, list.as_bytes(), 64).unwrap_err();
        assert!(
            refused.detail.contains("missing are mobile_number, sms_message, received_timestamp"),
            "{refused:?}"
        );
        assert!(refused.detail.ends_with(r#"found are "phone", "msg", "when""#), "{refused:?}");
        assert_eq!(refused.errors.len(), 3);
    }
    // A value that one does not have may be left out; and what is no object decides nothing.
    let list = format!(
        "7\n{{}}\n{{\"from\":\"+1\",\"text\":\"x\"}}\n{{\"from\":\"+2\",\"text\":\"y\",\"timestamp\":\"{NOON}\"}}"
    );
    let read = rows(Some(Kind::Ndjson), list.as_bytes(), 5).unwrap();
    assert_eq!(told(&read[3]), format!("4 +2|y|-|{NOON}"));
}

#[test]
fn what_a_spreadsheet_saved_again_is_read() {
    let expected = [format!("2 +919876543210|=1+1; a|-|{NOON}")];
    let number = "\"=\"\"+919876543210\"\"\"";
    for table in [
        format!(
            "\u{feff}sender_number;sms_message;received_timestamp\r\n+919876543210;\"'=1+1; a\";{NOON}\r\n"
        ),
        format!("sender_number,sms_message,received_timestamp\r\n'+919876543210,'=1+1; a,{NOON}\r\n"),
        format!("sender_number,sms_message,received_timestamp\r\n{number},\"'=1+1; a\",{NOON}\r\n"),
        format!("sender_number\tsms_message\treceived_timestamp\r\n=\"+919876543210\"\t'=1+1; a\t{NOON}\r\n"),
    ] {
        assert_eq!(read(&table), expected, "{table}");
        for (low_first, mark) in [(true, true), (true, false), (false, true), (false, false)] {
            let bytes = |unit: u16| if low_first { unit.to_le_bytes() } else { unit.to_be_bytes() };
            let plain = table.trim_start_matches('\u{feff}');
            let text = if mark { format!("\u{feff}{plain}") } else { plain.to_owned() };
            let utf16: Vec<u8> = text.encode_utf16().flat_map(bytes).collect();
            assert_eq!(read(&utf16), expected, "{low_first} {mark} {table}");
        }
    }
    let rounded = read(format!("sender_number,sms_message,received_timestamp\n9.19877E+11,x,{NOON}\n"));
    assert_eq!(rounded, ["2 sender_number was rounded by a spreadsheet: import the original file"]);
}

#[test]
fn a_row_longer_than_a_mebibyte_is_told_and_the_next_is_read() {
    let long = "x".repeat(ROW_MAX_BYTES + 10);
    let json = |text: &str| format!("{{\"from\":\"+1\",\"text\":\"{text}\",\"timestamp\":\"{NOON}\"}}");
    let good = format!("+1|x|-|{NOON}");
    for file in [
        format!("from,text,timestamp\n+1,{long},{NOON}\n+1,x,{NOON}\n"),
        format!("{}\n{}\n", json(&long), json("x")),
        format!("[{},{}]", json(&long), json("x")),
    ] {
        let rows = rows(None, file.as_bytes(), 65_536).unwrap();
        assert!(told(&rows[0]).ends_with(" the row is longer than 1 MiB"), "{}", told(&rows[0]));
        assert_eq!(rows[0].raw.len(), ROW_MAX_BYTES);
        assert!(told(&rows[1]).ends_with(&good), "{}", told(&rows[1]));
        assert_eq!(rows.len(), 2);
    }
    let almost = "x".repeat(1_000_000);
    let read = rows(None, json(&almost).as_bytes(), 65_536).unwrap();
    assert!(matches!(&read[0].held, Held::Sms(sms) if sms.delivered.text == almost), "{}", told(&read[0]));
    let photo =
        format!("<mms><part data=\"{long}\" /></mms>{}{}", element("1", &long, "0"), element("1", "x", "0"));
    let rows = rows(None, backup(&photo).as_bytes(), 65_536).unwrap();
    let told: Vec<String> = rows.iter().map(told).collect();
    assert_eq!(told[..2], ["5 NoText", "5 the row is longer than 1 MiB"]);
    assert!(told[2].starts_with("5 +919876543210|x|"), "{}", told[2]);
}

#[test]
fn the_stamp_is_the_one_of_the_clock_that_the_receiver_stamps_with() {
    let (network, phone) = (Some(Stamp::Moment(Timestamp(1))), Some(Stamp::Moment(Timestamp(2))));
    let both = Exported { network: network.clone(), phone: phone.clone(), ..Exported::default() };
    assert_eq!(
        [Clock::Network, Clock::Phone, Clock::None].map(|c| both.stamp(c)),
        [network.clone(), phone.clone(), phone]
    );
    let one = Exported { network: network.clone(), ..Exported::default() };
    assert_eq!([Clock::Network, Clock::Phone].map(|c| one.stamp(c)), [network.clone(), network]);
    assert_eq!((both.stamps().count(), one.stamps().count()), (2, 1));
}

proptest! {
    #[test]
    fn any_bytes_end_and_lose_nothing_of_what_an_sms_may_hold(
        beginning in prop::sample::select(vec!["", "[", "{", "<smses>", "from,text,timestamp\n", "from;text;timestamp\n"]),
        pieces in prop::collection::vec(prop_oneof![
            Just(b"<sms ".to_vec()), Just(b"\"".to_vec()), Just(b"\n".to_vec()), Just(b"{\"from\":".to_vec()),
            Just(b"},".to_vec()), Just(b"/>".to_vec()), Just(b"&#55357;".to_vec()), prop::collection::vec(any::<u8>(), 0..8)
        ], 0..60),
        piece in 1usize..64,
    ) {
        let bytes = [beginning.as_bytes().to_vec(), pieces.concat()].concat();
        for said in [None, Some(Kind::Csv), Some(Kind::Ndjson), Some(Kind::Json), Some(Kind::BackupXml)] {
            let cut = rows(said, &bytes, piece);
            prop_assert_eq!(&cut, &rows(said, &bytes, usize::MAX));
            for row in cut.into_iter().flatten() {
                prop_assert!(row.line >= 1);
                if let Held::Sms(sms) = row.held {
                    prop_assert!(!sms.delivered.sender.contains('\0') && !sms.delivered.text.contains('\0'));
                    prop_assert!(sms.stamps().count() <= 2);
                    for optional in [sms.delivered.delivery_id, sms.delivered.number, sms.delivered.device] {
                        prop_assert_ne!(optional.as_deref(), Some(""));
                    }
                }
            }
        }
    }
}
