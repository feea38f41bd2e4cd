//! How the first bytes of a list are read: its kind, its letters, its separator, and how much of it is taken. Not its rows.

use super::*;

#[test]
fn kinds_have_names_and_each_reads_its_own() {
    for (name, kind) in
        [("csv", Kind::Csv), ("ndjson", Kind::Ndjson), ("json", Kind::Json), ("xml", Kind::BackupXml)]
    {
        assert_eq!(Kind::named(name), Some(kind));
        assert!(Kind::NAMES.contains(name));
    }
    // What people are told is what is known.
    let told_of = Kind::NAMES.split([',', ' ']).filter(|word| !["", "or"].contains(word));
    assert_eq!(told_of.filter(|name| Kind::named(name).is_some()).count(), 5);
    assert_eq!(Kind::named("xls"), None);
    let object = format!(r#"{{"from":"+919876543210","text":"a","timestamp":"{NOON}"}}"#);
    for (kind, list) in [
        (Kind::Csv, format!("from,text,timestamp\n+919876543210,a,{NOON}\n")),
        (Kind::Ndjson, format!("{object}\n")),
        (Kind::Json, format!("[{object}]")),
        (
            Kind::BackupXml,
            r#"<smses><sms type="1" address="+919876543210" body="a" date="1769860800000"/></smses>"#
                .to_owned(),
        ),
    ] {
        let said = rows(Some(kind), list.as_bytes(), 5).unwrap();
        assert_eq!(said.iter().map(told).collect::<Vec<_>>(), read(&list), "{kind:?}");
        assert_eq!(said.len(), 1, "{kind:?}");
        assert!(matches!(said[0].held, Held::Sms(_)), "{kind:?}");
    }
}

#[test]
fn a_workbook_is_taken_up_to_its_limit() {
    let mut whole = vec![0; WORKBOOK_MAX_BYTES];
    whole[..4].copy_from_slice(b"PK\x03\x04");
    let mut rows = Rows::new(None);
    assert!(!rows.is_packed());
    rows.push(&whole[..10]);
    assert_eq!(rows.next_row(), Ok(None));
    assert!(rows.is_packed());
    rows.push(&whole[10..]);
    assert!(rows.is_packed(), "at its limit it is awaited");
    rows.end();
    assert!(rows.next_row().unwrap_err().detail.contains("cannot be read as one"));
    for cut in [10, WORKBOOK_MAX_BYTES] {
        let mut rows = Rows::new(None);
        rows.push(&whole[..cut]);
        assert_eq!(rows.next_row(), Ok(None));
        rows.push(&whole[cut..]);
        rows.push(b"x");
        assert!(!rows.is_packed());
        assert!(rows.next_row().unwrap_err().detail.starts_with("the workbook is larger"));
        rows.push(b"y");
        rows.end();
        assert!(rows.next_row().unwrap_err().detail.starts_with("the workbook is larger"));
    }
}

#[test]
fn what_was_utf16_is_not_so_twice() {
    for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let list: Vec<u8> = "f\0r\0o\0m\0,\0".encode_utf16().flat_map(bytes).collect();
        assert!(refused(&list).contains("holds no text"), "{}", refused(&list));
    }
}

#[test]
fn blank_lines_before_a_list_are_nothing_up_to_a_megabyte() {
    let list = format!("\r\n\n\n\n\nfrom,text,timestamp\n+919876543210,a,{NOON}\n");
    assert_eq!(read(&list).len(), 1, "{:?}", read(&list));
    assert_eq!(refused(b"\n \n \n"), "the file is empty");
    let mut rows = Rows::new(None);
    rows.push(&vec![b' '; ROW_MAX_BYTES]);
    assert_eq!(rows.next_row(), Ok(None));
    rows.push(b" ");
    assert!(rows.next_row().unwrap_err().detail.contains("a megabyte of nothing"));
}

#[test]
fn only_a_separator_can_be_named() {
    for separator in [',', ';', '\t'] {
        for said in ["SEP=,", "sep=,", "\"sep=,\"", "sep=, "] {
            let list = format!("{said}\r\nfrom,text,timestamp\n+919876543210,a,{NOON}\n");
            assert_eq!(read(list.replace(',', &separator.to_string())).len(), 1, "{said} {separator:?}");
        }
    }
    let why = refused(b"sep=x\nfrom,text,timestamp\n");
    assert!(why.starts_with("mobile_number is missing"), "{why}");
    let detail = rows(None, b"sep=x\nfrom,text,timestamp\n", usize::MAX).unwrap_err().detail;
    assert!(detail.ends_with("found are \"sep=x\""), "{detail}");
}
