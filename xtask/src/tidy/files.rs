//! Which files there are, what they may be called and how large they may be. Not what is in them.

use std::path::Path;
use std::process::Command;

use super::Violation;
use crate::Outcome;

/// Names that say nothing: whatever has no home ends up there.
const NAMES_WITHOUT_MEANING: &[&str] = &["common", "helper", "helpers", "misc", "types", "util", "utils"];
/// The API's description is the largest: its examples stand in it.
const BYTES_MAX: u64 = 640 * 1024;
/// Folders that are never ours, for the walk without git.
const SKIPPED: &[&str] = &[".git", "data", "node_modules", "target"];

/// Every file that is tracked or could be: what git ignores does not count. Paths are relative, with `/`.
pub(crate) fn listed(root: &Path) -> Outcome<Vec<String>> {
    let git = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"])
        .current_dir(root)
        .output();
    let mut paths: Vec<String> = match git {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).split_terminator('\0').map(str::to_owned).collect()
        }
        // An unpacked archive has no git.
        _ => walk(root, "")?,
    };
    // A file that is deleted but not yet committed is still listed by git.
    paths.retain(|path| root.join(path).is_file());
    paths.sort();
    Ok(paths)
}

fn walk(root: &Path, under: &str) -> Outcome<Vec<String>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(root.join(under))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if under.is_empty() { name.clone() } else { format!("{under}/{name}") };
        if !entry.file_type()?.is_dir() {
            paths.push(path);
        } else if !SKIPPED.contains(&name.as_str()) {
            paths.extend(walk(root, &path)?);
        }
    }
    Ok(paths)
}

/// A Rust file, and each folder it lies in, is named after what it does.
pub(crate) fn name(path: &str) -> Option<Violation> {
    let stem = path.strip_suffix(".rs")?;
    if stem.ends_with("/mod") {
        let what = "mod.rs: name it after the module, foo.rs beside the folder foo/";
        return Some(Violation::new(path, 1, what));
    }
    let empty = stem.split('/').find(|part| NAMES_WITHOUT_MEANING.contains(part))?;
    let what = format!("`{empty}` says nothing: name it after the one thing that it does");
    Some(Violation::new(path, 1, what))
}

pub(crate) fn size(path: &str, bytes: u64) -> Option<Violation> {
    if bytes <= BYTES_MAX || path.ends_with("Cargo.lock") {
        return None;
    }
    let kib = bytes.div_ceil(1024);
    let what = format!("{kib} KiB: generate it when it is needed, the limit is {} KiB", BYTES_MAX / 1024);
    Some(Violation::new(path, 1, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_must_mean_something() {
        for path in ["crates/a/src/utils.rs", "crates/a/src/http/mod.rs", "crates/a/tests/common/clock.rs"] {
            assert!(name(path).is_some(), "{path}");
        }
        for path in ["crates/a/src/phone.rs", "crates/a/src/prototypes.rs", "docs/types.md", "src/model.rs"] {
            assert!(name(path).is_none(), "{path}");
        }
    }

    #[test]
    fn large_files_are_refused_but_the_lock_file_is_not() {
        assert!(size("a.bin", BYTES_MAX).is_none());
        assert!(size("a.bin", BYTES_MAX + 1).is_some());
        assert!(size("fuzz/Cargo.lock", 10 * BYTES_MAX).is_none());
    }

    #[test]
    fn without_git_the_folder_is_walked() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("src")).unwrap();
        std::fs::create_dir_all(folder.path().join("target")).unwrap();
        std::fs::write(folder.path().join("src/a.rs"), "").unwrap();
        std::fs::write(folder.path().join("target/b.rs"), "").unwrap();
        assert_eq!(walk(folder.path(), "").unwrap(), ["src/a.rs"]);
    }
}
