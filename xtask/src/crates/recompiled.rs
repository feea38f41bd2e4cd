//! What the edits of the past would recompile today: git's history of edited files, each under the name that it has
//! now, and the lines that are compiled again after an edit of it now. Not a measurement of time: that differs from machine to machine.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::Command;

use crate::{Outcome, workspace};

/// The edits of the last commits and what they cost.
pub(super) struct Figure {
    commits: usize,
    /// Pairs of a commit and a file of it that is still there.
    edits: usize,
    /// Edits of files that are no longer there.
    gone: usize,
    lines: usize,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figure { commits, edits, gone, lines } = self;
        let mean = lines / edits.max(&1);
        write!(f, "an edit recompiles {mean} lines in the mean: {edits} edits in {commits} commits")?;
        write!(f, " ({gone} more of files that are gone)")
    }
}

/// One file in one commit.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    Edited(String),
    /// From the old name to the new one. True: its content is another one too.
    Renamed(String, String, bool),
    Deleted(String),
}

/// The mean over the last commits until that one. Files are followed from there to the tree of today.
pub(super) fn over_history(
    cost: &BTreeMap<String, usize>,
    commits: usize,
    until: &str,
    first_parent: bool,
) -> Outcome<Figure> {
    let root = workspace::root();
    let since = log(root, &["--topo-order", "--no-merges", &format!("{until}..HEAD")])?;
    let line = if first_parent { "--first-parent" } else { "--topo-order" };
    let counted = log(root, &[line, "--no-merges", &format!("--max-count={commits}"), until])?;
    Ok(figure(&since, &counted, cost))
}

/// Both lists begin with the newest commit.
fn figure(since: &[Vec<Change>], counted: &[Vec<Change>], cost: &BTreeMap<String, usize>) -> Figure {
    let mut names = Names::default();
    since.iter().for_each(|commit| names.go_back(commit));
    let mut figure = Figure { commits: counted.len(), edits: 0, gone: 0, lines: 0 };
    for commit in counted {
        for file in commit.iter().filter_map(edited) {
            match names.today(file) {
                Some(now) => {
                    // Nothing is said of tests: they recompile nothing of the program.
                    if let Some(lines) = cost.get(&now) {
                        figure.edits += 1;
                        figure.lines += lines;
                    }
                }
                None => figure.gone += usize::from(is_source(file)),
            }
        }
        names.go_back(commit);
    }
    figure
}

fn edited(change: &Change) -> Option<&str> {
    match change {
        Change::Edited(path) | Change::Renamed(_, path, true) => Some(path),
        Change::Renamed(_, _, false) | Change::Deleted(_) => None,
    }
}

/// What files of the past are called today.
#[derive(Default)]
struct Names {
    /// Nothing: the file is gone.
    today: BTreeMap<String, Option<String>>,
}

impl Names {
    fn today(&self, path: &str) -> Option<String> {
        self.today.get(path).cloned().unwrap_or_else(|| Some(path.to_owned()))
    }

    /// From the names after a commit to those before it.
    fn go_back(&mut self, commit: &[Change]) {
        for change in commit {
            match change {
                Change::Renamed(old, new, _) => {
                    let today = self.today(new);
                    self.today.insert(old.clone(), today);
                }
                Change::Deleted(path) => {
                    self.today.insert(path.clone(), None);
                }
                Change::Edited(_) => {}
            }
        }
    }
}

fn is_source(path: &str) -> bool {
    path.starts_with("crates/") && path.contains("/src/") && path.ends_with(".rs")
}

/// The changes of each commit that these arguments of `git log` name.
fn log(root: &Path, arguments: &[&str]) -> Outcome<Vec<Vec<Change>>> {
    let output = Command::new("git")
        // Without a limit: a commit that moves a whole crate is followed too.
        .args(["-c", "diff.renameLimit=0", "-c", "core.quotePath=false", "log"])
        .args(["--format=tformat:commit", "--name-status", "--find-renames=40%"])
        .args(arguments)
        .current_dir(root)
        .output()?;
    if !output.status.success() {
        return Err(format!("git log: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    Ok(parsed(&String::from_utf8_lossy(&output.stdout)))
}

fn parsed(log: &str) -> Vec<Vec<Change>> {
    let mut commits: Vec<Vec<Change>> = Vec::new();
    for line in log.lines() {
        if line == "commit" {
            commits.push(Vec::new());
        } else if let (Some(commit), Some(change)) = (commits.last_mut(), change(line)) {
            commit.push(change);
        }
    }
    commits
}

fn change(line: &str) -> Option<Change> {
    let mut words = line.split('\t');
    let (status, path) = (words.next()?, words.next()?.to_owned());
    match status.chars().next()? {
        'A' | 'M' | 'T' => Some(Change::Edited(path)),
        'D' => Some(Change::Deleted(path)),
        'R' => Some(Change::Renamed(path, words.next()?.to_owned(), status != "R100")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(since: &str, counted: &str) -> (usize, usize, usize) {
        let cost = BTreeMap::from([
            ("crates/low/src/a.rs".to_owned(), 1000),
            ("crates/high/src/b.rs".to_owned(), 10),
        ]);
        let Figure { edits, gone, lines, .. } = figure(&parsed(since), &parsed(counted), &cost);
        (edits, gone, lines)
    }

    #[test]
    fn an_edit_costs_what_its_crate_costs() {
        let counted = "commit\n\nM\tcrates/low/src/a.rs\nA\tcrates/high/src/b.rs\nM\tREADME.md\n\
                       commit\n\nM\tcrates/low/src/a.rs\nM\tcrates/low/tests/it.rs\nM\tcrates/low/src/a.sql";
        assert_eq!(of("", counted), (3, 0, 2010));
    }

    #[test]
    fn a_file_is_followed_to_its_name_of_today() {
        let moved = "commit\nR100\tcrates/low/src/b.rs\tcrates/high/src/b.rs\n\
                     commit\nR092\tcrates/low/src/a.rs\tcrates/low/src/b.rs\n";
        let edited = "commit\nM\tcrates/low/src/a.rs\n";
        assert_eq!(of(moved, edited), (1, 0, 10));
        // Moved among the counted commits: moving alone is no edit, moving with changes is.
        assert_eq!(of("", &format!("{moved}{edited}")), (2, 0, 20));
    }

    #[test]
    fn what_is_gone_costs_nothing() {
        let deleted = "commit\nD\tcrates/low/src/a.rs\n";
        assert_eq!(of(deleted, "commit\nM\tcrates/low/src/a.rs\n"), (0, 1, 0));
        // Deleted, and later made again: that is another file.
        let counted = format!("commit\nA\tcrates/low/src/a.rs\n{deleted}commit\nM\tcrates/low/src/a.rs\n");
        assert_eq!(of("", &counted), (1, 1, 1000));
    }

    #[test]
    fn the_history_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let git = |words: &str| {
            let who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
            let mut command = Command::new("git");
            command.args(who).args(words.split(' ')).current_dir(root);
            assert!(command.output().unwrap().status.success(), "git {words}");
        };
        git("init --quiet");
        let text = "one\ntwo\nthree\nfour\n";
        std::fs::write(root.join("a.rs"), text).unwrap();
        git("add .");
        git("commit --quiet --message=first");
        git("mv a.rs b.rs");
        std::fs::write(root.join("b.rs"), format!("{text}five\n")).unwrap();
        git("commit --quiet --all --message=second");
        git("rm --quiet b.rs");
        git("commit --quiet --message=third");
        let (a, b) = ("a.rs".to_owned(), "b.rs".to_owned());
        assert_eq!(
            log(root, &["--max-count=3"]).unwrap(),
            [
                vec![Change::Deleted(b.clone())],
                vec![Change::Renamed(a.clone(), b, true)],
                vec![Change::Edited(a)]
            ]
        );
        assert!(log(root, &["no-such-commit"]).is_err());
    }
}
