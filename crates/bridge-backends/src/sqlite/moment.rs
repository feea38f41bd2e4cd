//! Both embedded stores as they were at one moment, copied while a bridge writes to them. What moves from one to the other
//! is in exactly one of the copies. Not the rest of the data folder.

use std::path::{Path, PathBuf};

use bridge_store::{Result, StoreError, StoreFault, private};
use rusqlite::Connection;
use rusqlite::backup::Backup;

use super::engine::{connect, failed};

/// Commits are milliseconds apart, and to look takes a fraction of one.
const TRIES: usize = 1000;

/// A moment that is held until it is dropped: the files go on, what is read here does not.
pub struct Moment {
    held: Vec<(String, Connection)>,
}

impl Moment {
    /// Holds these files of the folder as they are now, all at the same moment. `unchanged` is asked before and after: when
    /// it answers otherwise, what it looks at changed meanwhile, and another moment is taken.
    pub fn hold<T: PartialEq>(
        folder: &Path,
        names: &[&str],
        mut unchanged: impl FnMut() -> std::io::Result<T>,
    ) -> Result<Moment> {
        let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
        if let Some(missing) = paths.iter().find(|path| !path.exists()) {
            return Err(stopped(format!("{} is not there", missing.display())));
        }
        let watchers: Vec<Connection> = opened(&paths)?;
        for _ in 0..TRIES {
            let before = (versions(&watchers)?, unchanged().map_err(|error| stopped(error.to_string()))?);
            let held = opened(&paths)?;
            for conn in &held {
                // The first read is what fixes the moment.
                conn.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;")
                    .map_err(|e| failed("backup", e))?;
            }
            let after = (versions(&watchers)?, unchanged().map_err(|error| stopped(error.to_string()))?);
            if before == after {
                let names = names.iter().map(|name| (*name).to_owned());
                return Ok(Moment { held: names.zip(held).collect() });
            }
        }
        Err(stopped("the bridge writes so much that no moment can be taken: try again".to_owned()))
    }

    /// Copies them into a folder, and looks whether the copies are whole.
    pub fn copy(&self, into: &Path) -> Result<()> {
        for (name, from) in &self.held {
            let path = into.join(name);
            private::make_file(&path).map_err(|error| stopped(error.to_string()))?;
            let mut to = Connection::open(&path).map_err(|e| failed("backup", e))?;
            Backup::new(from, &mut to).and_then(|backup| backup.step(-1)).map_err(|e| failed("backup", e))?;
            let said: String = to
                .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
                .map_err(|e| failed("backup", e))?;
            if said != "ok" {
                return Err(damaged(name, &said));
            }
        }
        Ok(())
    }
}

/// What commits of others count up.
fn versions(watchers: &[Connection]) -> Result<Vec<i64>> {
    let version = |conn: &Connection| conn.pragma_query_value(None, "data_version", |row| row.get(0));
    watchers.iter().map(version).collect::<rusqlite::Result<_>>().map_err(|e| failed("backup", e))
}

fn opened(paths: &[PathBuf]) -> Result<Vec<Connection>> {
    paths.iter().map(|path| connect(path)).collect::<rusqlite::Result<_>>().map_err(|e| failed("backup", e))
}

fn stopped(why: String) -> StoreError {
    StoreError { operation: "backup", kind: StoreFault::Unavailable, source: Some(why.into()) }
}

fn damaged(name: &str, said: &str) -> StoreError {
    StoreError {
        operation: "backup",
        kind: StoreFault::Damaged,
        source: Some(format!("{name}: {said}").into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// Ends the one who moves, whatever becomes of the test.
    struct Stop<'a>(&'a AtomicBool);

    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// Whoever moves something from one file to the other commits twice; a moment never lies between.
    #[test]
    fn what_moves_between_two_files_is_in_exactly_one_copy() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["hot.db", "audit.db"].map(|name| folder.path().join(name));
        for path in &paths {
            connect(path).unwrap().execute_batch("CREATE TABLE one (id INTEGER PRIMARY KEY)").unwrap();
        }
        connect(&paths[0]).unwrap().execute("INSERT INTO one VALUES (1)", []).unwrap();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let [hot, audit] = [&paths[0], &paths[1]].map(|path| connect(path).unwrap());
                // There and back, as a dump and a replay move it: written there first, then forgotten here.
                while !stop.load(Ordering::Relaxed) {
                    for (from, to) in [(&hot, &audit), (&audit, &hot)] {
                        to.execute("INSERT INTO one VALUES (1)", []).unwrap();
                        from.execute("DELETE FROM one", []).unwrap();
                        std::thread::sleep(std::time::Duration::from_micros(300));
                    }
                }
            });
            let _stop = Stop(&stop);
            for _ in 0..10 {
                let into = tempfile::tempdir().unwrap();
                let moment = Moment::hold(folder.path(), &["hot.db", "audit.db"], || Ok(())).unwrap();
                moment.copy(into.path()).unwrap();
                let count = |name: &str| -> i64 {
                    let conn = Connection::open(into.path().join(name)).unwrap();
                    conn.query_row("SELECT count(*) FROM one", [], |row| row.get(0)).unwrap()
                };
                assert!(count("hot.db") + count("audit.db") >= 1, "it is in neither copy");
            }
        });
    }

    #[test]
    fn what_changes_beside_the_files_makes_another_moment() {
        let folder = tempfile::tempdir().unwrap();
        connect(&folder.path().join("hot.db")).unwrap().execute_batch("CREATE TABLE one (id)").unwrap();
        let mut asked = 0;
        Moment::hold(folder.path(), &["hot.db"], || {
            asked += 1;
            Ok(asked.min(3))
        })
        .unwrap();
        assert_eq!(asked, 4, "1 and 2 differ, 3 and 3 do not");
        assert!(Moment::hold(folder.path(), &["hot.db", "none.db"], || Ok(())).is_err());
        assert!(!folder.path().join("none.db").exists(), "nothing is made");
    }
}
