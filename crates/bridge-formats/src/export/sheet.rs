//! What stands in a sheet, as tightly as it was written: a cell costs what its text does and a few bytes, however wide or
//! long the sheet says that it is, and all of it has a bound. Not what a row means: that is for its columns.

/// No wider than what a table may have.
const WIDTH_MAX: u32 = 1_024;
/// Of all texts and their places.
const SHEET_MAX_BYTES: usize = 48 * 1024 * 1024;

/// The cells of a sheet, row by row.
#[derive(Default)]
pub(super) struct Sheet {
    text: String,
    cells: Vec<Cell>,
    rows: Vec<OfRow>,
    /// The row that is read next.
    next: usize,
}

struct Cell {
    column: u32,
    /// Where its text ends.
    end: u32,
}

struct OfRow {
    number: u32,
    /// Where its cells end.
    end: u32,
}

impl Sheet {
    /// One cell more. An empty one is nothing. False: there is no room for it.
    #[must_use]
    pub(super) fn take(&mut self, row: u32, column: u32, text: &str) -> bool {
        let places = self.cells.len() * size_of::<Cell>() + self.rows.len() * size_of::<OfRow>();
        let (Ok(cells), Ok(end)) =
            (u32::try_from(self.cells.len() + 1), u32::try_from(self.text.len() + text.len()))
        else {
            return false;
        };
        if places + self.text.len() + text.len() > SHEET_MAX_BYTES {
            return false;
        }
        if text.is_empty() {
            return true;
        }
        // What stands further right than any table is read by nobody, but it makes a row.
        let is_read = column < WIDTH_MAX;
        let cells = if is_read { cells } else { cells - 1 };
        match self.rows.last_mut() {
            Some(last) if last.number == row => last.end = cells,
            _ => self.rows.push(OfRow { number: row, end: cells }),
        }
        if !is_read {
            return true;
        }
        self.text.push_str(text);
        self.cells.push(Cell { column, end });
        true
    }

    /// It holds a row, and a cell of that one (or none) belongs to another.
    pub(super) fn is_past(&self, row: Option<u32>) -> bool {
        self.rows.last().is_some_and(|last| Some(last.number) != row)
    }

    /// Reads the next row: its number, and its values beside each other, with nothing where nothing stands.
    pub(super) fn next_row<T>(&mut self, read: impl FnOnce(u32, &[&str]) -> T) -> Option<T> {
        let row = self.rows.get(self.next)?;
        let begin =
            self.next.checked_sub(1).and_then(|before| self.rows.get(before)).map_or(0, |row| row.end);
        self.next += 1;
        let cells = begin as usize..row.end as usize;
        let mut from =
            cells.start.checked_sub(1).and_then(|before| self.cells.get(before)).map_or(0, |cell| cell.end);
        let cells = self.cells.get(cells).unwrap_or_default();
        let width = cells.iter().map(|cell| cell.column + 1).max().unwrap_or_default();
        let mut values = vec![""; width as usize];
        for cell in cells {
            let text = self.text.get(from as usize..cell.end as usize).unwrap_or_default();
            if let Some(value) = values.get_mut(cell.column as usize) {
                *value = text;
            }
            from = cell.end;
        }
        Some(read(row.number, &values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(sheet: &mut Sheet) -> Vec<(u32, Vec<String>)> {
        let owned = |number, values: &[&str]| (number, values.iter().map(|&one| one.to_owned()).collect());
        std::iter::from_fn(|| sheet.next_row(owned)).collect()
    }

    #[test]
    fn a_row_is_what_stood_in_it() {
        let mut sheet = Sheet::default();
        for (row, column, text) in
            [(0, 1, "b"), (0, 0, "a"), (0, 2, ""), (3, 2, "c"), (3, WIDTH_MAX, "x"), (9, 0, "d")]
        {
            assert!(sheet.take(row, column, text));
        }
        let owned = |values: &[&str]| values.iter().map(|&one| one.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            rows(&mut sheet),
            [(0, owned(&["a", "b"])), (3, owned(&["", "", "c"])), (9, owned(&["d"]))]
        );
        assert!(rows(&mut sheet).is_empty());
    }

    #[test]
    fn there_is_room_for_so_much_and_no_more() {
        let text = "x".repeat(1 << 20);
        let mut sheet = Sheet::default();
        let taken = (0..100).take_while(|row| sheet.take(*row, 0, &text)).count();
        assert_eq!(taken, (SHEET_MAX_BYTES >> 20) - 1, "one less: their places take room too");
    }
}
