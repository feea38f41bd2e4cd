//! A damaged file made anew of what can still be read of it. The damaged one is kept beside it. What it held and cannot be read
//! comes back from elsewhere: that is not done here.

use std::path::{Path, PathBuf};

use bridge_store::{Result, StoreError, StoreFault, private};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::engine::{Engine, Schema, connect, failed};

const OPERATION: &str = "rebuild";
/// Where a row cannot be read, so far is gone ahead, doubled each time.
const AHEAD_MAX: i64 = 1 << 40;

/// What became of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salvaged {
    /// What was wrong with it; none: it is whole, and nothing was done.
    pub said: Option<String>,
    /// Where the damaged one is kept.
    pub kept: Option<PathBuf>,
    /// Rows that were read, table by table.
    pub tables: Vec<Table>,
}

/// What became of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Rows that were read.
    pub rows: u64,
    /// Something of it could not be read.
    pub is_torn: bool,
}

/// Looks at the whole file; where it is damaged, makes it anew and keeps the old one in a folder of that name beside it.
/// `finish` is done to the new one before it takes its place.
pub(crate) fn rebuild(
    path: &Path,
    schema: &Schema,
    kept_in: &str,
    finish: fn(&Connection) -> rusqlite::Result<()>,
) -> Result<Salvaged> {
    let Some(said) = damage(path) else {
        return Ok(Salvaged { said: None, kept: None, tables: Vec::new() });
    };
    let draft = path.with_extension("rebuilt");
    for file in of(&draft) {
        remove(&file)?;
    }
    drop(Engine::open(&draft, schema)?);
    let tables = {
        let new = connect(&draft).map_err(|e| failed(OPERATION, e))?;
        let tables = match connect(path) {
            Ok(old) => copy(&old, &new).map_err(|e| failed(OPERATION, e))?,
            // Not even its first page can be read.
            Err(_) => Vec::new(),
        };
        finish(&new).map_err(|e| failed(OPERATION, e))?;
        new.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(|e| failed(OPERATION, e))?;
        tables
    };
    let kept = path.with_file_name(kept_in);
    private::make_folder(&kept).map_err(because)?;
    for file in of(path).into_iter().filter(|file| file.exists()) {
        std::fs::rename(&file, kept.join(file.file_name().unwrap_or_default())).map_err(because)?;
    }
    for file in of(&draft).into_iter().skip(1) {
        remove(&file)?;
    }
    std::fs::rename(&draft, path).map_err(because)?;
    Ok(Salvaged { said: Some(said), kept: Some(kept), tables })
}

/// What is wrong with it, if anything is.
fn damage(path: &Path) -> Option<String> {
    let looked = connect(path)
        .and_then(|conn| conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0)));
    match looked {
        Ok(said) if said == "ok" => None,
        Ok(said) => Some(said),
        Err(error) => Some(error.to_string()),
    }
}

/// A database and what SQLite puts beside it.
fn of(path: &Path) -> [PathBuf; 3] {
    let beside = |ending: &str| {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(ending);
        path.with_file_name(name)
    };
    [path.to_owned(), beside("-wal"), beside("-shm")]
}

fn remove(file: &Path) -> Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(because(error)),
        _ => Ok(()),
    }
}

fn because(error: std::io::Error) -> StoreError {
    StoreError { operation: OPERATION, kind: StoreFault::Unavailable, source: Some(error.into()) }
}

/// Every table, as far as it can be read.
fn copy(old: &Connection, new: &Connection) -> rusqlite::Result<Vec<Table>> {
    let names: Vec<String> = new
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    new.execute_batch("BEGIN IMMEDIATE")?;
    let mut tables = Vec::new();
    for name in names {
        tables.push(copy_table(old, new, name)?);
    }
    new.execute_batch("COMMIT")?;
    Ok(tables)
}

fn copy_table(old: &Connection, new: &Connection, name: String) -> rusqlite::Result<Table> {
    let mut table = Table { name, rows: 0, is_torn: false };
    let there = columns(new, &table.name)?;
    let Ok(known) = columns(old, &table.name) else {
        table.is_torn = true;
        return Ok(table);
    };
    let shared: Vec<String> = there.into_iter().filter(|column| known.contains(column)).collect();
    if shared.is_empty() {
        table.is_torn = true;
        return Ok(table);
    }
    let list = shared.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
    let marks = super::engine::marks(shared.len());
    let put = format!("INSERT OR REPLACE INTO \"{}\" ({list}) VALUES ({marks})", table.name);
    let before = count(new, &table.name)?;
    let by_rowid = old.prepare(&format!("SELECT rowid FROM \"{}\" LIMIT 0", table.name)).is_ok();
    if by_rowid {
        table.is_torn |= forward(old, new, &table.name, &list, &put)?;
    } else {
        let all = format!("SELECT 0, {list} FROM \"{}\"", table.name);
        table.is_torn |= read(old, new, &all, &[], &put)?.is_some();
    }
    // A table begins with what the schema itself puts there.
    table.rows = count(new, &table.name)?.max(before);
    Ok(table)
}

fn columns(conn: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    // Those that are computed are not written.
    conn.prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0")?
        .query_map([table], |row| row.get(0))?
        .collect()
}

fn count(conn: &Connection, table: &str) -> rusqlite::Result<u64> {
    conn.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

/// By row numbers: over what cannot be read it goes ahead until it can again. True: something could not be read.
fn forward(old: &Connection, new: &Connection, table: &str, list: &str, put: &str) -> rusqlite::Result<bool> {
    let after = format!("SELECT rowid, {list} FROM \"{table}\" WHERE rowid > ?1 ORDER BY rowid");
    let mut from = i64::MIN;
    let mut is_torn = false;
    while let Some(last) = read(old, new, &after, &[from.into()], put)? {
        is_torn = true;
        // The first row of a table is rarely below zero.
        let base = last.unwrap_or(from.max(0));
        let mut ahead = 1;
        let next = loop {
            let probe = base.saturating_add(ahead);
            let found = old.query_row(
                &format!("SELECT rowid FROM \"{table}\" WHERE rowid > ?1 ORDER BY rowid LIMIT 1"),
                [probe],
                |row| row.get::<_, i64>(0),
            );
            match found {
                Ok(_) => break Some(probe),
                Err(rusqlite::Error::QueryReturnedNoRows) => break None,
                Err(_) if ahead < AHEAD_MAX => ahead *= 2,
                Err(_) => break None,
            }
        };
        let Some(next) = next else { break };
        from = next;
    }
    Ok(is_torn)
}

/// Reads and writes until the end, or until a row cannot be read: then the last row number that could, if any.
#[expect(clippy::option_option, reason = "it ended, or it broke off: after a row, or at once")]
fn read(
    old: &Connection,
    new: &Connection,
    select: &str,
    args: &[Value],
    put: &str,
) -> rusqlite::Result<Option<Option<i64>>> {
    let mut last = None;
    let Ok(mut select) = old.prepare(select) else { return Ok(Some(None)) };
    let width = select.column_count();
    let Ok(mut rows) = select.query(params_from_iter(args)) else { return Ok(Some(None)) };
    let mut put = new.prepare_cached(put)?;
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(None),
            Err(_) => return Ok(Some(last)),
        };
        let Ok(number) = row.get::<_, i64>(0) else { return Ok(Some(last)) };
        let values: rusqlite::Result<Vec<Value>> = (1..width).map(|at| row.get(at)).collect();
        // What a torn page shows as a row and no rule of the table allows is none.
        if let Ok(values) = values {
            let _ = put.execute(params_from_iter(values));
        }
        last = Some(number);
    }
}
