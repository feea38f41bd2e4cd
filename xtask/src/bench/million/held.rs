//! What the stores hold: bytes by family of keys in Redis, by table and index in PostgreSQL, and in the bridge's journal.
//! Reads only, and looks at one key in so many.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::Outcome;
use crate::bench::real::stores::Stores;

/// Keys of one family, or one table or index.
#[derive(Clone, Serialize)]
pub(crate) struct Held {
    pub(crate) name: String,
    pub(crate) count: u64,
    pub(crate) bytes: f64,
}

/// Of a family of many keys one in so many is weighed.
const WEIGHED: u64 = 50;
const SCANNED: u32 = 1_000;

/// Redis by families of keys: what stands before the number, id or digest.
pub(crate) fn redis(url: &str) -> Outcome<Vec<Held>> {
    let mut hot = ::redis::Client::open(url)?.get_connection()?;
    let mut families: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
    let mut cursor = 0_u64;
    loop {
        let (next, keys): (u64, Vec<Vec<u8>>) =
            ::redis::cmd("SCAN").arg(cursor).arg("COUNT").arg(SCANNED).query(&mut hot)?;
        for key in keys {
            let (count, weighed, bytes) = families.entry(family(&key)).or_default();
            *count += 1;
            if *count % WEIGHED == 1 {
                let weight: Option<u64> = ::redis::cmd("MEMORY").arg("USAGE").arg(&key).query(&mut hot)?;
                *weighed += 1;
                *bytes += weight.unwrap_or_default();
            }
        }
        if next == 0 {
            break;
        }
        cursor = next;
    }
    let held = |(name, (count, weighed, bytes)): (String, (u64, u64, u64))| Held {
        name,
        count,
        bytes: bytes as f64 / weighed.max(1) as f64 * count as f64,
    };
    Ok(largest_first(families.into_iter().map(held).collect()))
}

/// `bridge:seen:` of `bridge:seen:0123`; a name without number, id or digest is its own family.
fn family(key: &[u8]) -> String {
    let key = String::from_utf8_lossy(key);
    match key.rsplit_once(':') {
        Some((name, of)) if of.is_empty() || of.contains(|c: char| c.is_ascii_digit()) => format!("{name}:"),
        _ => key.into_owned(),
    }
}

/// PostgreSQL by tables, months taken together.
pub(crate) fn tables(stores: &Stores) -> Outcome<Vec<Held>> {
    of_postgres(
        stores,
        "select regexp_replace(relname, '_(y[0-9]{4}m[0-9]{2}|default)$', ''), max(greatest(reltuples, 0))::bigint,
                sum(pg_table_size(c.oid))
         from pg_class c join pg_namespace n on n.oid = relnamespace
         where relkind = 'r' and nspname in ('public', 'ops') group by 1",
    )
}

/// And by indexes.
pub(crate) fn indexes(stores: &Stores) -> Outcome<Vec<Held>> {
    of_postgres(
        stores,
        "select regexp_replace(t.relname, '_(y[0-9]{4}m[0-9]{2}|default)$', '') || ': ' ||
                regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX .* USING ', '\\1'), 1,
                sum(pg_relation_size(i.indexrelid))
         from pg_index i join pg_class t on t.oid = i.indrelid join pg_namespace n on n.oid = t.relnamespace
         where t.relkind = 'r' and nspname in ('public', 'ops') group by 1",
    )
}

fn of_postgres(stores: &Stores, sql: &str) -> Outcome<Vec<Held>> {
    let mut all = Vec::new();
    for line in stores.lines(sql)? {
        let mut fields = line.rsplitn(3, '|');
        let (Some(bytes), Some(count), Some(name)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(format!("PostgreSQL answered {line:?}").into());
        };
        all.push(Held { name: name.to_owned(), count: count.parse()?, bytes: bytes.parse()? });
    }
    Ok(largest_first(all))
}

fn largest_first(mut all: Vec<Held>) -> Vec<Held> {
    all.sort_by(|one, other| other.bytes.total_cmp(&one.bytes));
    all
}

/// All files below a folder; those that go away meanwhile count nothing.
pub(crate) fn files(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => files(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::family;

    #[test]
    fn keys_are_taken_together_by_what_stands_before_their_number() {
        for (key, of) in [
            ("sms_count:+919876543210", "sms_count:"),
            ("bridge:seen:00ff", "bridge:seen:"),
            ("bridge:queue:passed", "bridge:queue:passed"),
            ("Queue_validated_mobiles", "Queue_validated_mobiles"),
            ("bridge:delivery:", "bridge:delivery:"),
        ] {
            assert_eq!(family(key.as_bytes()), of);
        }
    }
}
