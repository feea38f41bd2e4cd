//! A list in a workbook of a spreadsheet (`.xlsx`): the first sheet whose first row names the columns. Through calamine,
//! which reads one cell after the other, wherever it says that it stands. It is a zip archive, so it is taken whole, and
//! how much is in it is found out before anything of it is read. Not `.xls` or `.ods`: those are refused with advice.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, ExcelDateTime, Reader, Xlsx};
use zip::ZipArchive;

use super::columns::Columns;
use super::row::{ROW_MAX_BYTES, Row};
use crate::content::Unusable;

/// Of a workbook as it comes. A list that is longer is better saved as CSV.
pub(super) const WORKBOOK_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Of all that is in it, unpacked.
const UNPACKED_MAX_BYTES: u64 = 192 * 1024 * 1024;
/// Every file in it; a workbook has a dozen.
const FILES_MAX: usize = 4_096;
/// What is written as a number beyond this was rounded: spreadsheets keep fifteen digits.
const WHOLE_MAX: f64 = 1e15;

const SAVE_AS: &str = "save it as .xlsx or as `CSV UTF-8`";

/// The rows of a workbook, in their order.
pub(super) fn rows(bytes: &[u8]) -> Result<Vec<Row>, Unusable> {
    if bytes.len() > WORKBOOK_MAX_BYTES {
        return Err(too_large());
    }
    fits(bytes, UNPACKED_MAX_BYTES)?;
    // What is written by a stranger may be what the library does not expect.
    catch_unwind(AssertUnwindSafe(|| read(bytes)))
        .unwrap_or_else(|_| Err(unreadable("something in it is not as it must be")))
}

/// That nothing longer is taken.
pub(super) fn too_large() -> Unusable {
    Unusable::because(format!(
        "the workbook is larger than {} MiB: save its sheet as `CSV UTF-8`, which may be of any length",
        WORKBOOK_MAX_BYTES >> 20
    ))
}

fn unreadable(why: impl std::fmt::Display) -> Unusable {
    Unusable::because(format!(
        "the file is a zip archive or a workbook, and cannot be read as one ({why}): {SAVE_AS}"
    ))
}

/// Unpacks everything once and keeps nothing: an archive may say that it holds less than it does.
fn fits(bytes: &[u8], max: u64) -> Result<(), Unusable> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
    if archive.len() > FILES_MAX {
        return Err(too_large());
    }
    let mut left = max;
    for at in 0..archive.len() {
        let file = archive.by_index(at).map_err(unreadable)?;
        let read = std::io::copy(&mut file.take(left + 1), &mut std::io::sink()).map_err(unreadable)?;
        left = left.checked_sub(read).ok_or_else(too_large)?;
    }
    Ok(())
}

fn read(bytes: &[u8]) -> Result<Vec<Row>, Unusable> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    let mut refused = None;
    for sheet in workbook.sheet_names() {
        match sheet_rows(&mut workbook, &sheet) {
            Ok(rows) => return Ok(rows),
            Err(unusable) => drop(refused.get_or_insert(unusable)),
        }
    }
    Err(refused.unwrap_or_else(|| unreadable("it has no sheet")))
}

/// The rows of one sheet below its header, or why it is no list.
fn sheet_rows<R: Read + Seek>(workbook: &mut Xlsx<R>, sheet: &str) -> Result<Vec<Row>, Unusable> {
    let mut cells = workbook.worksheet_cells_reader(sheet).map_err(unreadable)?;
    let (mut columns, mut rows) = (Columns::default(), Vec::new());
    let mut one = OneRow::default();
    loop {
        let cell = cells.next_cell().map_err(unreadable)?;
        let place = cell.as_ref().map(calamine::Cell::get_position);
        if place.is_none_or(|(row, _)| row != one.number) && !one.is_empty() {
            let done = std::mem::take(&mut one);
            if columns.is_empty() {
                columns = Columns::of(done.values().iter().map(String::as_str))?;
            } else {
                rows.push(done.read(&columns));
            }
        }
        let (Some(cell), Some((row, column))) = (cell, place) else { break };
        one.number = row;
        one.take(column, cell.get_value());
    }
    if columns.is_empty() {
        return Err(Unusable::because(format!("the sheet {sheet:?} is empty")));
    }
    Ok(rows)
}

/// What stands in one row, by column.
#[derive(Default)]
struct OneRow {
    number: u32,
    cells: BTreeMap<u32, String>,
}

impl OneRow {
    fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    fn take(&mut self, column: u32, value: &DataRef<'_>) {
        let text = text(value);
        if !text.is_empty() {
            self.cells.insert(column, text);
        }
    }

    /// Its cells beside each other, with nothing where nothing stands. Never wider than what a table may have.
    fn values(&self) -> Vec<String> {
        const WIDTH_MAX: u32 = 1_024;
        let width = self.cells.keys().next_back().map_or(0, |last| last.saturating_add(1)).min(WIDTH_MAX);
        (0..width).map(|at| self.cells.get(&at).cloned().unwrap_or_default()).collect()
    }

    fn read(self, columns: &Columns) -> Row {
        let mut values = self.values();
        // A cell without a text is not written: whether one stood there nobody can tell.
        if values.len() < columns.len() {
            values.resize(columns.len(), String::new());
        }
        let held = columns.row(values.iter().map(String::as_str));
        let mut raw = values.join("\t").into_bytes();
        raw.truncate(ROW_MAX_BYTES);
        Row { line: u64::from(self.number) + 1, raw, held }
    }
}

/// A cell as it would stand in a CSV file.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => written(*number),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(at) => date(at),
        DataRef::Empty | DataRef::Error(_) => String::new(),
    }
}

/// A whole number with all its digits; what was rounded as a spreadsheet shows it, so that it is named.
fn written(number: f64) -> String {
    if number.abs() >= WHOLE_MAX { format!("{number:E}").replace('E', "E+") } else { number.to_string() }
}

/// A date has no zone: it is one in the receiver's.
fn date(at: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, millis) = at.to_ymd_hms_milli();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::export::Held;

    const NOON: &str = "2026-01-31T12:00:00Z";

    fn archive(files: &[(&str, String)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    /// A workbook with these sheets; style 1 is a date.
    fn workbook(sheets: &[&str]) -> Vec<u8> {
        let spaces = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
             xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";
        let rels = "http://schemas.openxmlformats.org/package/2006/relationships";
        let kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let (mut named, mut targets) = (String::new(), String::new());
        let mut files = vec![
            (
                "[Content_Types].xml".to_owned(),
                "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".to_owned(),
            ),
            (
                "_rels/.rels".to_owned(),
                format!(
                    "<Relationships xmlns=\"{rels}\"><Relationship Id=\"rId1\" Type=\"{kinds}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
                ),
            ),
            ("xl/sharedStrings.xml".to_owned(), format!("<sst {spaces}><si><t>shared</t></si></sst>")),
            (
                "xl/styles.xml".to_owned(),
                format!(
                    "<styleSheet {spaces}><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/></cellXfs></styleSheet>"
                ),
            ),
        ];
        for (n, rows) in sheets.iter().enumerate() {
            named += &format!("<sheet name=\"s{n}\" sheetId=\"{}\" r:id=\"r{n}\"/>", n + 1);
            targets += &format!(
                "<Relationship Id=\"r{n}\" Type=\"{kinds}/worksheet\" Target=\"worksheets/s{n}.xml\"/>"
            );
            files.push((
                format!("xl/worksheets/s{n}.xml"),
                format!("<worksheet {spaces}><sheetData>{rows}</sheetData></worksheet>"),
            ));
        }
        targets += &format!(
            "<Relationship Id=\"ss\" Type=\"{kinds}/sharedStrings\" Target=\"sharedStrings.xml\"/><Relationship Id=\"st\" Type=\"{kinds}/styles\" Target=\"styles.xml\"/>"
        );
        files.push((
            "xl/workbook.xml".to_owned(),
            format!("<workbook {spaces}><sheets>{named}</sheets></workbook>"),
        ));
        files.push((
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!("<Relationships xmlns=\"{rels}\">{targets}</Relationships>"),
        ));
        let files: Vec<(&str, String)> =
            files.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
        archive(&files)
    }

    fn text_cell(place: &str, text: &str) -> String {
        format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
    }

    fn number_cell(place: &str, number: &str) -> String {
        format!("<c r=\"{place}\"><v>{number}</v></c>")
    }

    fn header() -> String {
        format!(
            "<row r=\"1\">{}{}{}</row>",
            text_cell("A1", "Sender Number"),
            text_cell("B1", "sms_message"),
            text_cell("C1", "Received Timestamp")
        )
    }

    fn told(row: &Row) -> String {
        match &row.held {
            Held::Sms(sms) => {
                let stamp = sms
                    .phone
                    .as_ref()
                    .and_then(|at| at.moment(None))
                    .map(|at| at.to_string())
                    .unwrap_or_default();
                format!("{} {}|{}|{stamp}", row.line, sms.delivered.sender, sms.delivered.text)
            }
            Held::Unusable(unusable) => format!("{} {}", row.line, unusable.reason()),
            Held::Skipped(other) => format!("{} {other:?}", row.line),
        }
    }

    fn read_back(rows: &str) -> Vec<String> {
        let sheet = format!("{}{rows}", header());
        super::rows(&workbook(&["", &sheet])).unwrap().iter().map(told).collect()
    }

    #[test]
    fn numbers_texts_and_what_was_rounded() {
        let row = |n: u32, cells: String| format!("<row r=\"{n}\">{cells}</row>");
        let rows = [
            row(2, number_cell("A2", "919876543210") + &text_cell("B2", "a, b") + &text_cell("C2", NOON)),
            row(
                3,
                text_cell("A3", "+919876543210")
                    + "<c r=\"B3\" t=\"s\"><v>0</v></c>"
                    + &number_cell("C3", "1769860800000"),
            ),
            // Nothing in between, and a cell that is left out.
            row(
                7,
                number_cell("A7", "1.2345678901234567E+20") + &text_cell("C7", NOON) + &text_cell("B7", "x"),
            ),
            row(9, text_cell("A9", "'+919876543210") + &text_cell("B9", "'=1+1") + &text_cell("C9", NOON)),
        ]
        .concat();
        assert_eq!(
            read_back(&rows),
            [
                format!("2 919876543210|a, b|{NOON}"),
                format!("3 +919876543210|shared|{NOON}"),
                "7 sender_number was rounded by a spreadsheet: import the original file".to_owned(),
                format!("9 +919876543210|=1+1|{NOON}"),
            ]
        );
    }

    #[test]
    fn a_text_of_nothing_but_spaces_and_ends_of_lines_is_one() {
        let kept = |place: &str, text: &str| {
            format!("<c r=\"{place}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>")
        };
        let row = |n: u32, cell: &dyn Fn(String) -> String| {
            format!(
                "<row r=\"{n}\">{}{}{}</row>",
                text_cell(&format!("A{n}"), "+919876543210"),
                cell(format!("B{n}")),
                text_cell(&format!("C{n}"), NOON)
            )
        };
        let rows = [
            row(2, &|at| kept(&at, " ")),
            row(3, &|at| kept(&at, "_x000D_\n")),
            row(4, &|at| kept(&at, "&#13;&#10;")),
            row(5, &|at| kept(&at, " a\n")),
            row(6, &|_| String::new()),
        ]
        .concat();
        assert_eq!(
            read_back(&rows),
            [
                format!("2 +919876543210| |{NOON}"),
                format!("3 +919876543210|\r\n|{NOON}"),
                format!("4 +919876543210|\r\n|{NOON}"),
                format!("5 +919876543210| a\n|{NOON}"),
                format!("6 +919876543210||{NOON}"),
            ]
        );
        // Nothing stands in the last column.
        let header = format!(
            "<row r=\"1\">{}{}{}</row>",
            text_cell("A1", "from"),
            text_cell("B1", "timestamp"),
            text_cell("C1", "text")
        );
        let row = format!("<row r=\"2\">{}{}</row>", text_cell("A2", "+919876543210"), text_cell("B2", NOON));
        let rows = super::rows(&workbook(&[&format!("{header}{row}")])).unwrap();
        assert_eq!(told(&rows[0]), format!("2 +919876543210||{NOON}"));
    }

    #[test]
    fn a_date_is_written_without_a_zone() {
        assert_eq!(
            date(&ExcelDateTime::new(46_053.5, calamine::ExcelDateTimeType::DateTime, false)),
            "2026-01-31T12:00:00.000"
        );
        assert_eq!(written(919_876_543_210.0), "919876543210");
        assert_eq!(written(0.5), "0.5");
        assert_eq!(written(1.5e20), "1.5E+20");
    }

    #[test]
    fn what_is_no_list_or_no_workbook_says_so() {
        let refused = |bytes: &[u8]| super::rows(bytes).unwrap_err().detail;
        let other = format!("<row r=\"1\">{}</row>", text_cell("A1", "phone"));
        assert!(refused(&workbook(&[&other])).ends_with("found are \"phone\""));
        assert!(refused(&workbook(&[""])).contains("is empty"));
        assert!(
            refused(&archive(&[("a.csv", "from,text,timestamp".to_owned())]))
                .contains("cannot be read as one")
        );
        let whole = workbook(&[&header()]);
        for cut in [4, 40, whole.len() / 2, whole.len() - 30] {
            assert!(refused(&whole[..cut]).contains("cannot be read as one"), "{cut}");
        }
        assert!(refused(&vec![0; WORKBOOK_MAX_BYTES + 1]).starts_with("the workbook is larger than 16 MiB"));
    }

    #[test]
    fn a_large_sheet_is_read_however_small_it_was_packed() {
        let row = format!(
            "<row r=\"2\">{}{}{}</row>",
            number_cell("A2", "919876543210"),
            text_cell("B2", "x"),
            text_cell("C2", NOON)
        );
        let sheet = format!("{}{}{row}", header(), "\n".repeat(2 << 20));
        let packed = workbook(&[&sheet]);
        assert!(packed.len() < 1 << 20);
        assert_eq!(told(&super::rows(&packed).unwrap()[0]), format!("2 919876543210|x|{NOON}"));
    }

    #[test]
    fn what_is_packed_too_tightly_is_not_read() {
        let spaces = " ".repeat(1 << 20);
        let files: Vec<(String, String)> = (0..9).map(|n| (format!("{n}"), spaces.clone())).collect();
        let files: Vec<(&str, String)> =
            files.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
        let bomb = archive(&files);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(fits(&bomb, 9 << 20), Ok(()));
        assert!(fits(&bomb, (9 << 20) - 1).unwrap_err().detail.starts_with("the workbook is larger"));
    }

    #[test]
    fn so_many_files_and_no_more() {
        let names: Vec<String> = (0..=FILES_MAX).map(|n| n.to_string()).collect();
        let files: Vec<(&str, String)> = names.iter().map(|name| (name.as_str(), String::new())).collect();
        assert_eq!(fits(&archive(&files[..FILES_MAX]), 0), Ok(()));
        assert!(fits(&archive(&files), 0).unwrap_err().detail.starts_with("the workbook is larger"));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]
        #[test]
        fn a_number_of_a_cell_has_all_its_digits(digits in "[1-9][0-9]{9,14}") {
            let row = format!("<row r=\"2\">{}{}{}</row>", number_cell("A2", &digits), text_cell("B2", "x"), text_cell("C2", NOON));
            let sheet = format!("{}{row}", header());
            let rows = super::rows(&workbook(&[&sheet])).unwrap();
            let Held::Sms(sms) = &rows[0].held else { panic!("{rows:?}") };
            proptest::prop_assert_eq!(&sms.delivered.sender, &digits);
        }
    }

    #[test]
    fn a_cell_far_away_takes_no_memory() {
        let far = format!("<row r=\"1048576\">{}</row>", text_cell("XFD1048576", "x"));
        let read = read_back(&far);
        assert_eq!(read.len(), 1, "{read:?}");
    }
}
