//! One page of a list, newest first, of which no more than a bounded number of rows is looked through.

use bridge_core::Timestamp;
use bridge_store::Result;
use bridge_store::desk::{FEW, MobileFilter, Page, SCAN};
use bridge_store::place::Place;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::super::columns::{At, limit};
use super::super::lease::{Lease, Unreadable};

/// A table that is read in the order of a time and of its id.
pub(super) struct List<T> {
    pub(super) table: &'static str,
    pub(super) time: &'static str,
    /// What `read` needs.
    pub(super) columns: String,
    pub(super) read: fn(&Row) -> std::result::Result<(Place, T), Unreadable>,
}

/// What is asked of a list.
#[derive(Default)]
pub(super) struct Search {
    /// An index has these in front of the time: what it finds is in order and to the point.
    indexed: Vec<String>,
    /// These are looked at row by row.
    rest: Vec<String>,
    /// Rows whose number begins like that: from here, to before there.
    numbers: Option<String>,
    parameters: Vec<(Box<dyn ToSql + Sync + Send>, Type)>,
}

impl Search {
    /// A parameter's mark.
    pub(super) fn bind(&mut self, value: impl ToSql + Sync + Send + 'static, r#type: Type) -> String {
        self.parameters.push((Box::new(value), r#type));
        format!("${}", self.parameters.len())
    }

    /// A condition that an index begins with.
    pub(super) fn indexed(&mut self, condition: String) {
        self.indexed.push(condition);
    }

    /// A condition that is looked at row by row.
    pub(super) fn rest(&mut self, condition: String) {
        self.rest.push(condition);
    }

    /// The first of these is by an index, if none was before.
    /// Rows of which one of these columns has that in it. By bytes, as the other store does.
    pub(super) fn holds(&mut self, part: &str, columns: &[&str]) {
        let part = self.bind(part.to_ascii_lowercase(), Type::TEXT);
        let has = |column: &&str| format!("position({part} IN lower({column} COLLATE \"C\")) > 0");
        self.rest(format!("({})", columns.iter().map(has).collect::<Vec<_>>().join(" OR ")));
    }

    pub(super) fn either(&mut self, condition: String) {
        if self.indexed.is_empty() { self.indexed(condition) } else { self.rest(condition) }
    }

    /// Rows of these numbers. One number is found by its index; those that begin alike too, if they are few.
    pub(super) fn numbers(&mut self, filter: Option<&MobileFilter>) {
        const NUMBER: &str = "mobile_number COLLATE \"C\"";
        match filter {
            None => {}
            Some(MobileFilter::Exactly(number)) => {
                let number = self.bind(number.clone(), Type::TEXT);
                self.indexed(format!("{NUMBER} = {number}"));
            }
            Some(MobileFilter::Prefix(prefix)) => {
                let from = self.bind(prefix.clone(), Type::TEXT);
                let mut numbers = format!("{NUMBER} >= {from}");
                if let Some(behind) = MobileFilter::behind(prefix) {
                    let to = self.bind(behind, Type::TEXT);
                    numbers = format!("{numbers} AND {NUMBER} < {to}");
                }
                self.numbers = Some(numbers);
            }
        }
    }

    /// From then, until before then.
    pub(super) fn between(&mut self, time: &str, from: Option<Timestamp>, to: Option<Timestamp>) -> String {
        let mut between = String::new();
        for (sign, at) in [(">=", from), ("<", to)] {
            if let Some(at) = at {
                let at = self.bind(At(at), Type::TIMESTAMPTZ);
                between.push_str(&format!(" AND {time} {sign} {at}"));
            }
        }
        between
    }

    /// What comes before that place.
    pub(super) fn before(&mut self, time: &str, place: Option<Place>) -> String {
        let Some(Place { at, id }) = place else { return String::new() };
        let (at, id) = (self.bind(At(at), Type::TIMESTAMPTZ), self.bind(id, Type::INT8));
        // Said twice: only of the time alone it follows which months need not be looked at.
        format!(" AND {time} <= {at} AND ({time}, id) < ({at}, {id})")
    }

    /// How many rows are found, counted up to so many.
    pub(super) async fn count(
        mut self,
        lease: &mut Lease,
        table: &str,
        time: &str,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        max: usize,
    ) -> Result<usize> {
        self.rest.extend(self.numbers.take());
        let between = self.between(time, from, to);
        let (indexed, rest, max) = (all(&self.indexed), all(&self.rest), limit(max));
        let sql = format!(
            "SELECT count(*) FROM (SELECT FROM {table} WHERE {indexed} AND {rest}{between} LIMIT {max}) AS found"
        );
        let count = lease.rows(&sql, &self.parameters(), |row| Ok(row.try_get::<_, i64>(0)?)).await?;
        Ok(count.first().map_or(0, |count| usize::try_from(*count).unwrap_or(0)))
    }

    pub(super) fn parameters(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        self.parameters
            .iter()
            .map(|(value, r#type)| (&**value as &(dyn ToSql + Sync), r#type.clone()))
            .collect()
    }
}

fn all(conditions: &[String]) -> String {
    if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") }
}

/// The page of the list before that place, between those times.
pub(super) async fn page<T>(
    lease: &mut Lease,
    list: &List<T>,
    mut search: Search,
    (from, to): (Option<Timestamp>, Option<Timestamp>),
    before: Option<Place>,
    max: usize,
) -> Result<Page<T>> {
    let List { table, time, columns, .. } = list;
    let are_few = match search.numbers.take() {
        None => false,
        Some(numbers) => {
            let few = are_few(lease, table, &numbers, &search).await?;
            if few {
                search.indexed.insert(0, numbers);
            } else {
                search.rest(numbers);
            }
            few
        }
    };
    let mut bounds = search.between(time, from, to);
    bounds.push_str(&search.before(time, before));
    let (indexed, rest) = (all(&search.indexed), all(&search.rest));
    let order = format!("ORDER BY {time} DESC, id DESC");
    let more = limit(max.saturating_add(1));
    let is_bounded = !are_few && !search.rest.is_empty();
    let sql = if are_few {
        // Read by number whatever the plan thinks of the rest, then sorted.
        format!(
            "SELECT {columns} FROM (SELECT * FROM {table} WHERE {indexed} OFFSET 0) AS few
             WHERE {rest}{bounds} {order} LIMIT {more}"
        )
    } else if is_bounded {
        format!(
            "SELECT {columns} FROM (SELECT * FROM {table} WHERE {indexed}{bounds} {order} LIMIT {SCAN}) AS scanned
             WHERE {rest} {order} LIMIT {more}"
        )
    } else {
        format!("SELECT {columns} FROM {table} WHERE {indexed}{bounds} {order} LIMIT {more}")
    };
    let found = lease.rows(&sql, &search.parameters(), list.read).await?;
    if found.len() > max || !is_bounded {
        return Ok(filled(found, max));
    }
    // Not full: either there are no more, or more than so many were looked through.
    let edge =
        format!("SELECT {time}, id FROM {table} WHERE {indexed}{bounds} {order} OFFSET {} LIMIT 1", SCAN - 1);
    let edge = lease
        .rows(&edge, &search.parameters(), |row| {
            Ok(Place { at: row.try_get::<_, At>(0)?.0, id: row.try_get(1)? })
        })
        .await?
        .pop();
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

async fn are_few(lease: &mut Lease, table: &str, numbers: &str, search: &Search) -> Result<bool> {
    let sql =
        format!("SELECT count(*) FROM (SELECT FROM {table} WHERE {numbers} LIMIT {}) AS alike", FEW + 1);
    let count = lease.rows(&sql, &search.parameters(), |row| Ok(row.try_get::<_, i64>(0)?)).await?;
    Ok(count.first().is_some_and(|count| *count <= limit(FEW)))
}
