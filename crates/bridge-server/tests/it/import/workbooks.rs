//! Workbooks of a receiver that means no good: what is written in a few kilobytes must not take all the memory, and no library
//! may end the bridge.

use std::io::{Cursor, Write};

use reqwest::StatusCode;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{counts, import, imported};
use crate::harness::{Bridge, RECEIVER_KEY};

const KINDS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

fn workbook(sheet: &str, texts: &str) -> Vec<u8> {
    let relation = |id: &str, kind: &str, target: &str| {
        format!("<Relationship Id=\"{id}\" Type=\"{KINDS}/{kind}\" Target=\"{target}\"/>")
    };
    let relations = |of: &str| format!("<Relationships>{of}</Relationships>");
    let files = [
        ("_rels/.rels", relations(&relation("r", "officeDocument", "xl/workbook.xml"))),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns:r=\"{KINDS}\"><sheets><sheet name=\"s\" sheetId=\"1\" r:id=\"s\"/></sheets></workbook>"
            ),
        ),
        ("xl/_rels/workbook.xml.rels", relations(&relation("s", "worksheet", "worksheets/s.xml"))),
        ("xl/sharedStrings.xml", texts.to_owned()),
        ("xl/worksheets/s.xml", format!("<worksheet><sheetData>{sheet}</sheetData></worksheet>")),
    ];
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Cells that mean texts of the table.
fn row(number: usize, texts: &[usize]) -> String {
    let cell = |(at, text): (usize, &usize)| {
        format!("<c r=\"{}{number}\" t=\"s\"><v>{text}</v></c>", char::from(b"ABC"[at]))
    };
    let cells: String = texts.iter().enumerate().map(cell).collect();
    format!("<row r=\"{number}\">{cells}</row>")
}

fn texts(attributes: &str, all: &[&str]) -> String {
    let all: String = all.iter().map(|text| format!("<si><t>{text}</t></si>")).collect();
    format!("<sst {attributes}>{all}</sst>")
}

#[tokio::test]
async fn a_few_kilobytes_take_no_memory_and_end_nobody() {
    let bridge = Bridge::start().await;
    let header = ["from", "text", "timestamp"];
    let sms = ["+919876543210", "hello", "2026-01-31T11:00:00Z"];
    let all = [header, sms].concat();
    let list = row(1, &[0, 1, 2]) + &row(2, &[3, 4, 5]);
    let report = imported(&bridge, "", workbook(&list, &texts("uniqueCount=\"6\"", &all))).await;
    assert_eq!(counts(&report), "rows=1 judged=1 missing=1");

    let long = "A".repeat(1_000_000);
    let copied: String = (2..2_002).map(|n| row(n, &[3, 3])).collect();
    for (what, sheet, texts) in [
        (
            "one text, two thousand times",
            row(1, &[0, 1, 2]) + &copied,
            texts("", &[&header[..], &[&long]].concat()),
        ),
        ("room for as many as nobody has", list.clone(), texts("uniqueCount=\"99999999999999\"", &all)),
        (
            "so many that the room has no size",
            list.clone(),
            texts("uniqueCount = '999999999999999999'", &all),
        ),
    ] {
        let answer = import(&bridge, "", RECEIVER_KEY, workbook(&sheet, &texts)).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, "invalid_request"), "{what}");
        assert!(answer.text("detail").starts_with("the workbook is larger"), "{what}: {}", answer.body);
    }
    bridge.stop().await;
}
