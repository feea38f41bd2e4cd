//! One page of a list, newest first, of which no more than a bounded number of rows is looked through. Which index is
//! read is said in the statement: SQLite knows nothing of how rows are spread.

use bridge_core::Timestamp;
use bridge_store::desk::{FEW, MobileFilter, Page, SCAN};
use bridge_store::place::Place;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::super::columns::At;

/// A table that is read in the order of a time and of its id.
pub(super) struct List<T> {
    pub(super) table: &'static str,
    pub(super) time: &'static str,
    /// What `read` needs.
    pub(super) columns: String,
    /// The index by time alone.
    pub(super) by_time: &'static str,
    /// The index by number and time, where there is one.
    pub(super) by_number: &'static str,
    pub(super) read: fn(&Row<'_>) -> rusqlite::Result<(Place, T)>,
}

/// What is asked of a list. Values stand for `?1`, `?2`, … in order.
#[derive(Default)]
pub(super) struct Search {
    /// The index that has a condition in front of the time, and that condition.
    indexed: Option<(&'static str, String)>,
    /// These are looked at row by row.
    rest: Vec<String>,
    /// Rows whose number begins like that.
    numbers: Option<String>,
    values: Vec<Value>,
}

impl Search {
    /// A value's mark.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    fn bind_time(&mut self, at: Timestamp) -> String {
        self.bind(At(at).0.to_rfc3339_millis())
    }

    /// A condition that is looked at row by row.
    pub(super) fn rest(&mut self, condition: String) {
        self.rest.push(condition);
    }

    /// Rows of which one of these columns has that in it.
    pub(super) fn holds(&mut self, part: &str, columns: &[&str]) {
        let part = self.bind(part.to_owned());
        let has = |column: &&str| format!("instr(lower(coalesce({column}, '')), lower({part})) > 0");
        self.rest(format!("({})", columns.iter().map(has).collect::<Vec<_>>().join(" OR ")));
    }

    /// The first of these is by its index.
    pub(super) fn either(&mut self, index: &'static str, condition: String) {
        if self.indexed.is_none() {
            self.indexed = Some((index, condition));
        } else {
            self.rest(condition);
        }
    }

    /// Rows of these numbers. One number is found by its index; those that begin alike too, if they are few.
    pub(super) fn numbers(&mut self, by_number: &'static str, filter: Option<&MobileFilter>) {
        match filter {
            None => {}
            Some(MobileFilter::Exactly(number)) => {
                let number = self.bind(number.clone());
                self.indexed = Some((by_number, format!("mobile_number = {number}")));
            }
            Some(MobileFilter::Prefix(prefix)) => {
                let from = self.bind(prefix.clone());
                let mut numbers = format!("mobile_number >= {from}");
                if let Some(behind) = MobileFilter::behind(prefix) {
                    let to = self.bind(behind);
                    numbers = format!("{numbers} AND mobile_number < {to}");
                }
                self.numbers = Some(numbers);
            }
        }
    }

    /// From then, until before then, and before that place.
    pub(super) fn within(
        &mut self,
        time: &str,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        before: Option<Place>,
    ) -> String {
        let mut bounds = String::new();
        for (sign, at) in [(">=", from), ("<", to)] {
            if let Some(at) = at {
                let at = self.bind_time(at);
                bounds.push_str(&format!(" AND {time} {sign} {at}"));
            }
        }
        if let Some(Place { at, id }) = before {
            let (at, id) = (self.bind_time(at), self.bind(id));
            bounds.push_str(&format!(" AND ({time}, id) < ({at}, {id})"));
        }
        bounds
    }

    /// How many rows are found, counted up to so many.
    pub(super) fn count(
        mut self,
        conn: &Connection,
        table: &str,
        time: &str,
        between: (Option<Timestamp>, Option<Timestamp>),
        max: usize,
    ) -> rusqlite::Result<usize> {
        self.rest.extend(self.numbers.take());
        self.rest.extend(self.indexed.take().map(|(_, condition)| condition));
        let bounds = self.within(time, between, None);
        let rest = all(&self.rest);
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {rest}{bounds} LIMIT {max})");
        let count: Vec<isize> = self.found(conn, &sql, |row| row.get(0))?;
        Ok(count.first().map_or(0, |count| count.unsigned_abs()))
    }

    /// What the statement finds, with those of the values that it names.
    pub(super) fn found<T>(
        &self,
        conn: &Connection,
        sql: &str,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        let mut statement = conn.prepare_cached(sql)?;
        let named = statement.parameter_count();
        statement.query_map(params_from_iter(self.values.iter().take(named)), read)?.collect()
    }
}

fn all(conditions: &[String]) -> String {
    if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") }
}

/// The page of the list before that place, between those times.
pub(super) fn page<T>(
    conn: &Connection,
    list: &List<T>,
    mut search: Search,
    between: (Option<Timestamp>, Option<Timestamp>),
    before: Option<Place>,
    max: usize,
) -> rusqlite::Result<Page<T>> {
    let List { table, time, columns, by_time, by_number, .. } = list;
    let mut are_few = false;
    if let Some(numbers) = search.numbers.take() {
        let count = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {table} INDEXED BY {by_number} WHERE {numbers} LIMIT {})",
            FEW + 1
        );
        let count: Vec<isize> = search.found(conn, &count, |row| row.get(0))?;
        are_few = count.first().is_some_and(|count| count.unsigned_abs() <= FEW);
        if are_few {
            let other = search.indexed.replace((by_number, numbers));
            search.rest.extend(other.map(|(_, condition)| condition));
        } else {
            search.rest(numbers);
        }
    }
    let bounds = search.within(time, between, before);
    let (index, indexed) = search.indexed.clone().unwrap_or((by_time, "TRUE".to_owned()));
    let rest = all(&search.rest);
    let order = format!("ORDER BY {time} DESC, id DESC");
    let more = max.saturating_add(1);
    let is_bounded = !are_few && !search.rest.is_empty();
    let from = format!("FROM {table} INDEXED BY {index} WHERE {indexed}{bounds}");
    let sql = if is_bounded {
        // Only the ids of those that are looked through are held; of the page the whole rows are read.
        format!(
            "SELECT {columns} FROM (SELECT * {from} {order} LIMIT {SCAN}) WHERE {rest} {order} LIMIT {more}"
        )
    } else {
        format!("SELECT {columns} {from} AND {rest} {order} LIMIT {more}")
    };
    let found = search.found(conn, &sql, list.read)?;
    if found.len() > max || !is_bounded {
        return Ok(filled(found, max));
    }
    let edge = format!("SELECT {time}, id {from} {order} LIMIT 1 OFFSET {}", SCAN - 1);
    let edge =
        search.found(conn, &edge, |row| Ok(Place { at: row.get::<_, At>(0)?.0, id: row.get(1)? }))?.pop();
    Ok(unfilled(found, edge))
}

/// A page of what was found, and where the next one begins if there was more than fits.
pub(super) fn filled<T>(mut found: Vec<(Place, T)>, max: usize) -> Page<T> {
    let is_more = found.len() > max;
    found.truncate(max);
    let next = found.last().filter(|_| is_more).map(|(place, _)| *place);
    Page { rows: found.into_iter().map(|(_, row)| row).collect(), next, scanned_until: None }
}

/// What was found down to the edge of what was looked through. Rows that came meanwhile moved it: what lies beyond
/// is the next page's.
fn unfilled<T>(found: Vec<(Place, T)>, edge: Option<Place>) -> Page<T> {
    let rows = found.into_iter().filter(|(place, _)| edge.is_none_or(|edge| *place >= edge));
    Page { rows: rows.map(|(_, row)| row).collect(), next: edge, scanned_until: edge.map(|edge| edge.at) }
}

/// One row, or none.
pub(super) fn one<T>(
    conn: &Connection,
    sql: &str,
    value: impl rusqlite::ToSql,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    conn.prepare_cached(sql)?.query_row([value], read).optional()
}
