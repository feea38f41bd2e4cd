//! A list in a workbook of a spreadsheet (`.xlsx`): the first sheet whose first row names the columns. Through calamine,
//! which reads one cell after the other, wherever it says that it stands. It is a zip archive, so it is taken whole, and
//! how much is in it is found out before anything of it is read. Not `.xls` or `.ods`: those are refused with advice.

use std::io::{Cursor, Read, Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, ExcelDateTime, Reader, Xlsx};
use memchr::memmem;
use zip::ZipArchive;

use super::columns::Columns;
use super::row::{ROW_MAX_BYTES, Row};
use super::sheet::Sheet;
use crate::content::Unusable;

/// Of a workbook as it comes. A list that is longer is better saved as CSV.
pub(super) const WORKBOOK_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Of all that is in it, unpacked.
const UNPACKED_MAX_BYTES: u64 = 96 * 1024 * 1024;
/// Of what the library keeps as a whole, as its table of texts.
const KEPT_MAX_BYTES: u64 = 48 * 1024 * 1024;
/// Elements of these, each of which takes more memory than it has letters.
const KEPT_MAX_ELEMENTS: u64 = 4_000_000;
const KEPT: [&str; 4] = ["sharedstrings.xml", "styles.xml", "workbook.xml", ".rels"];
/// Every file in it; a workbook has a dozen.
const FILES_MAX: usize = 4_096;
/// How each of them begins in the directory of an archive.
const FILE_BEGINS: &[u8] = b"PK\x01\x02";
/// So many sheets are looked at.
const SHEETS_MAX: usize = 32;
/// By this the library makes room for its table of texts, whatever it says.
const SAYS_HOW_MANY: &[u8] = b"uniqueCount";
const TEXTS_MAX_DIGITS: usize = 7;
const BETWEEN_MAX: usize = 32;
/// What is written as a number beyond this was rounded: spreadsheets keep fifteen digits.
const WHOLE_MAX: f64 = 1e15;

const SAVE_AS: &str = "save it as .xlsx or as `CSV UTF-8`";

/// What stands in the sheet of a list.
pub(super) struct Table {
    columns: Columns,
    sheet: Sheet,
}

impl Table {
    /// The next row of it.
    pub(super) fn next_row(&mut self) -> Option<Row> {
        let columns = &self.columns;
        self.sheet.next_row(|number, values| {
            // A cell without a text is not written: whether one stood there nobody can tell.
            let missing = columns.len().saturating_sub(values.len());
            let held = columns.row(values.iter().copied().chain(std::iter::repeat_n("", missing)));
            let mut raw = values.join("\t").into_bytes();
            raw.truncate(ROW_MAX_BYTES);
            Row { line: u64::from(number) + 1, raw, held }
        })
    }
}

/// The rows of a workbook, in their order.
pub(super) fn table(bytes: &[u8]) -> Result<Table, Unusable> {
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
        "the workbook is larger than {} MiB, or holds more than is read of one: save its sheet as `CSV UTF-8`, which may be of any length",
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
    // Its directory alone could fill the memory, and is read as a whole.
    if memmem::find_iter(bytes, FILE_BEGINS).count() > FILES_MAX {
        return Err(too_large());
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
    if archive.len() > FILES_MAX {
        return Err(too_large());
    }
    let (mut left, mut kept) = (max, Looked::default());
    for at in 0..archive.len() {
        let file = archive.by_index(at).map_err(unreadable)?;
        let name = file.name().to_lowercase();
        let mut looked = Looked::default();
        std::io::copy(&mut file.take(left + 1), &mut looked).map_err(unreadable)?;
        left = left.checked_sub(looked.bytes).ok_or_else(too_large)?;
        if KEPT.iter().any(|end| name.ends_with(end)) {
            kept.bytes += looked.bytes;
            kept.elements += looked.elements;
        }
        if kept.bytes > KEPT_MAX_BYTES || kept.elements > KEPT_MAX_ELEMENTS || looked.says_too_many {
            return Err(too_large());
        }
    }
    Ok(())
}

/// What is seen of a file while it is unpacked.
#[derive(Default)]
struct Looked {
    bytes: u64,
    /// Beginnings and ends of elements.
    elements: u64,
    says_too_many: bool,
    /// The end of the piece before: a word may be cut in two.
    before: Vec<u8>,
}

impl Write for Looked {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        self.bytes += piece.len() as u64;
        self.elements += memchr::memchr_iter(b'<', piece).count() as u64;
        self.before.extend_from_slice(piece);
        self.says_too_many |= says_too_many(&self.before);
        // The end of this piece is looked at once more with the next one: longer than the word with all its digits.
        const BEHIND: usize = 256;
        let done = self.before.len().saturating_sub(BEHIND);
        self.before.drain(..done);
        Ok(piece.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// It says that it holds more texts than any list does, or says it in a way that nobody writes.
fn says_too_many(bytes: &[u8]) -> bool {
    memmem::find_iter(bytes, SAYS_HOW_MANY).any(|at| {
        let behind = bytes.get(at + SAYS_HOW_MANY.len()..).unwrap_or_default();
        let is_between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'"' | b'\'' | b'0');
        let between = behind.iter().take_while(|byte| is_between(byte)).count();
        let digits = behind.iter().skip(between).take_while(|byte| byte.is_ascii_digit());
        between > BETWEEN_MAX || digits.count() > TEXTS_MAX_DIGITS
    })
}

fn read(bytes: &[u8]) -> Result<Table, Unusable> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    let mut refused = None;
    for sheet in workbook.sheet_names().into_iter().take(SHEETS_MAX) {
        match sheet_of(&mut workbook, &sheet) {
            Ok(table) => return Ok(table),
            Err(unusable) => drop(refused.get_or_insert(unusable)),
        }
    }
    Err(refused.unwrap_or_else(|| unreadable("it has no sheet")))
}

/// The rows of one sheet below its header, or why it is no list.
fn sheet_of<R: Read + Seek>(workbook: &mut Xlsx<R>, name: &str) -> Result<Table, Unusable> {
    let mut cells = workbook.worksheet_cells_reader(name).map_err(unreadable)?;
    let (mut columns, mut sheet) = (Columns::default(), Sheet::default());
    loop {
        let cell = cells.next_cell().map_err(unreadable)?;
        let place = cell.as_ref().map(calamine::Cell::get_position);
        if columns.is_empty() && sheet.is_past(place.map(|(row, _)| row)) {
            let of = |_, titles: &[&str]| Columns::of(titles.iter().copied());
            columns = sheet.next_row(of).unwrap_or_else(|| Ok(Columns::default()))?;
            sheet = Sheet::default();
        }
        let (Some(cell), Some((row, column))) = (cell, place) else { break };
        let fits = match cell.get_value() {
            // It may be meant a million times, and is copied only where there is room.
            DataRef::SharedString(text) => sheet.take(row, column, text),
            value => sheet.take(row, column, &text(value)),
        };
        if !fits {
            return Err(too_large());
        }
    }
    if columns.is_empty() {
        return Err(Unusable::because(format!("the sheet {name:?} is empty")));
    }
    Ok(Table { columns, sheet })
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

    fn rows_of(bytes: &[u8]) -> Vec<Row> {
        let mut table = table(bytes).unwrap();
        std::iter::from_fn(|| table.next_row()).collect()
    }

    fn refusal(bytes: &[u8]) -> String {
        table(bytes).err().unwrap().detail
    }

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
        rows_of(&workbook(&["", &sheet])).iter().map(told).collect()
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
        let rows = rows_of(&workbook(&[&format!("{header}{row}")]));
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
        let refused = |bytes: &[u8]| refusal(bytes);
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
        assert_eq!(told(&rows_of(&packed)[0]), format!("2 919876543210|x|{NOON}"));
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

    /// The workbook with another table of texts.
    fn with_texts(sheet: &str, texts: &str) -> Vec<u8> {
        let mut whole = ZipArchive::new(Cursor::new(workbook(&[sheet]))).unwrap();
        let names: Vec<String> = whole.file_names().map(str::to_owned).collect();
        let mut files = Vec::new();
        for name in &names {
            let mut text = String::new();
            whole.by_name(name).unwrap().read_to_string(&mut text).unwrap();
            files.push((
                name.as_str(),
                if name.ends_with("sharedStrings.xml") { texts.to_owned() } else { text },
            ));
        }
        archive(&files)
    }

    #[test]
    fn one_text_that_a_thousand_rows_mean_is_not_copied_a_thousand_times() {
        let row = |n: u32| format!("<row r=\"{n}\"><c r=\"A{n}\" t=\"s\"><v>0</v></c></row>");
        let sheet = header() + &(2..1_002).map(row).collect::<String>();
        let bomb = with_texts(&sheet, &format!("<sst><si><t>{}</t></si></sst>", "A".repeat(1 << 20)));
        assert!(bomb.len() < 1 << 16, "{}", bomb.len());
        assert!(refusal(&bomb).starts_with("the workbook is larger"));
        let long = with_texts(&sheet, &format!("<sst><si><t>{}</t></si></sst>", "A".repeat(100)));
        assert_eq!(rows_of(&long).len(), 1_000);
    }

    /// The library makes room for as many as it says: that memory nobody has, and the whole bridge would end.
    #[test]
    fn a_table_that_says_it_is_endless_ends_nobody() {
        let row = "<row r=\"2\"><c r=\"A2\" t=\"s\"><v>0</v></c></row>";
        for says in ["uniqueCount=\"9000000000000000\"", "uniqueCount = '00000100000000'"] {
            for spaces in [0, 8_190, 8_200, 100_000] {
                let texts = format!("<sst{}\n{says}><si><t>a</t></si></sst>", " ".repeat(spaces));
                let bomb = with_texts(&format!("{}{row}", header()), &texts);
                assert!(refusal(&bomb).starts_with("the workbook is larger"), "{says} {spaces}");
            }
            let spread = says.replace('=', &format!("={}", " ".repeat(100_000)));
            let texts = format!("<sst {spread}><si><t>a</t></si></sst>");
            let bomb = with_texts(&format!("{}{row}", header()), &texts);
            assert!(refusal(&bomb).starts_with("the workbook is larger"), "{spread}");
        }
        let texts = "<sst uniqueCount=\"1\" count=\"9000000000000000\"><si><t>a</t></si></sst>";
        assert_eq!(rows_of(&with_texts(&format!("{}{row}", header()), texts)).len(), 1);
    }

    #[test]
    fn what_the_library_keeps_has_a_bound_of_its_own() {
        let sheet = header();
        let many = "<si/>".repeat(4_000_001);
        assert!(
            refusal(&with_texts(&sheet, &format!("<sst>{many}</sst>"))).starts_with("the workbook is larger")
        );
        let long = " ".repeat((48 << 20) + 1);
        assert!(
            refusal(&with_texts(&sheet, &format!("<sst>{long}</sst>"))).starts_with("the workbook is larger")
        );
    }

    #[test]
    fn a_directory_without_end_is_not_read() {
        let entry = [FILE_BEGINS, &[0; 42]].concat();
        let bomb = [b"PK\x03\x04".to_vec(), entry.repeat(FILES_MAX + 1)].concat();
        assert!(refusal(&bomb).starts_with("the workbook is larger"));
    }

    #[test]
    fn so_many_sheets_are_looked_at_and_no_more() {
        let mut sheets = vec![String::new(); SHEETS_MAX - 1];
        sheets.push(header() + &format!("<row r=\"2\">{}</row>", text_cell("A2", "x")));
        let named = |sheets: &[String]| workbook(&sheets.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(rows_of(&named(&sheets)).len(), 1);
        sheets.insert(0, String::new());
        assert!(refusal(&named(&sheets)).contains("is empty"));
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
            let rows = rows_of(&workbook(&[&sheet]));
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
