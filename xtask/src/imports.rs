//! Which file of a crate imports which other: the paths of `imports::written`, followed through modules and re-exports
//! to the file that defines what they name. Between crates nothing is followed: cargo allows no circle there.

pub(crate) mod circles;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use self::written::{Path, Scope, Written};
use crate::source::Source;

/// The sources of one crate without its tests.
pub(crate) struct Crate {
    /// The file of each module. The root of the crate is the empty path.
    files: BTreeMap<Path, String>,
    scopes: BTreeMap<Path, Scope>,
    /// The first import of each file from each other one, in the order of the files.
    pub(crate) imports: Vec<Import>,
}

/// One file needs another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    /// The importing module and the imported one.
    pub(crate) modules: (Path, Path),
    /// The importing file, and the line that names the other.
    pub(crate) from: String,
    pub(crate) line: usize,
    pub(crate) to: String,
}

/// A re-export of a re-export of a re-export: more steps than anybody writes, fewer than for ever.
const STEPS_MAX: usize = 32;

impl Crate {
    /// Reads a crate from its files: their paths below `src` and their texts.
    pub(crate) fn read(texts: &BTreeMap<String, String>) -> Result<Crate, String> {
        let mut files = BTreeMap::new();
        let mut written = Vec::new();
        for (file, text) in texts {
            let Some(module) = module_of(file) else { continue };
            let read = written::read(&module, text).map_err(|problem| {
                format!("{file}:{}: not read as Rust: {problem}", problem.span().start().line)
            })?;
            written.push((file.clone(), read));
            // The program's main.rs beside a lib.rs is a root too: one of both stands for it.
            files.entry(module).or_insert_with(|| file.clone());
        }
        let tests: Vec<&Path> = written.iter().flat_map(|(_, read)| &read.test_modules).collect();
        let for_tests = |module: &Path| tests.iter().any(|test| module.starts_with(test));
        files.retain(|module, _| !for_tests(module));
        let mut read = Crate { files, scopes: BTreeMap::new(), imports: Vec::new() };
        let mut paths = Vec::new();
        for (file, Written { scopes, paths: named, .. }) in written {
            if module_of(&file).is_some_and(|module| read.files.contains_key(&module)) {
                read.scopes.extend(scopes);
                paths.extend(named.into_iter().map(|named| (file.clone(), named)));
            }
        }
        let mut seen = BTreeSet::new();
        for (file, named) in paths {
            let Some(target) = read.absolute(&named.module, &named.path, STEPS_MAX) else { continue };
            let from = read.module_with_file(&named.module);
            let to = read.module_with_file(&read.found(&target, STEPS_MAX));
            if from != to && seen.insert((from.clone(), to.clone())) {
                let to_file = read.files.get(&to).cloned().unwrap_or_default();
                read.imports.push(Import { modules: (from, to), from: file, line: named.line, to: to_file });
            }
        }
        read.imports.sort();
        Ok(read)
    }

    /// The files that are not for tests.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.values().map(String::as_str)
    }

    /// From the root of the crate; nothing for a path that leaves the crate.
    fn absolute(&self, module: &Path, path: &[String], steps: usize) -> Option<Path> {
        let (first, rest) = path.split_first()?;
        let joined = |base: &[String]| Some(base.iter().chain(rest).cloned().collect());
        match first.as_str() {
            "crate" => joined(&[]),
            "self" => self.absolute_below(module, rest),
            "super" => self.absolute_below(&module[..module.len().checked_sub(1)?], rest),
            name => {
                let child: Path = module.iter().chain([first]).cloned().collect();
                if self.is_module(&child) {
                    return joined(&child);
                }
                let (_, bound) = self.scopes.get(module)?.uses.iter().find(|(bound, _)| bound == name)?;
                // `use http;` binds the name to itself: it is another crate.
                if steps == 0 || (bound.len() == 1 && bound[0] == *name) {
                    return None;
                }
                joined(&self.absolute(module, bound, steps - 1)?)
            }
        }
    }

    /// What follows `super::` may be another `super::`.
    fn absolute_below(&self, module: &[String], rest: &[String]) -> Option<Path> {
        match rest.first().map(String::as_str) {
            Some("super") => self.absolute_below(&module[..module.len().checked_sub(1)?], &rest[1..]),
            _ => Some(module.iter().chain(rest).cloned().collect()),
        }
    }

    /// The module that defines what the path names: as deep as modules go, then through re-exports.
    fn found(&self, path: &Path, steps: usize) -> Path {
        let mut module = Path::new();
        for (at, name) in path.iter().enumerate() {
            module.push(name.clone());
            if self.is_module(&module) {
                continue;
            }
            module.pop();
            let elsewhere = steps.checked_sub(1).and_then(|left| self.re_exported(&module, name, left));
            return match elsewhere {
                Some(base) => self.found(&base.iter().chain(&path[at + 1..]).cloned().collect(), steps - 1),
                None => module,
            };
        }
        module
    }

    /// Where a name comes from that the module did not define itself.
    fn re_exported(&self, module: &Path, name: &str, steps: usize) -> Option<Path> {
        let scope = self.scopes.get(module)?;
        if scope.defines.contains(name) {
            return None;
        }
        if let Some((_, path)) = scope.uses.iter().find(|(bound, path)| bound == name && !path.is_empty()) {
            let absolute = self.absolute(module, path, steps)?;
            let itself: Path = module.iter().map(String::as_str).chain([name]).map(str::to_owned).collect();
            return (absolute != itself).then_some(absolute);
        }
        scope.globs.iter().find_map(|glob| {
            let source = self.found(&self.absolute(module, glob, steps)?, steps);
            let knows = source != *module && self.knows(&source, name);
            knows.then(|| source.iter().map(String::as_str).chain([name]).map(str::to_owned).collect())
        })
    }

    fn knows(&self, module: &Path, name: &str) -> bool {
        let child: Path = module.iter().map(String::as_str).chain([name]).map(str::to_owned).collect();
        self.is_module(&child)
            || self.scopes.get(module).is_some_and(|scope| {
                scope.defines.contains(name) || scope.uses.iter().any(|(bound, _)| bound == name)
            })
    }

    fn is_module(&self, path: &Path) -> bool {
        self.files.contains_key(path) || self.scopes.contains_key(path)
    }

    /// A module that is written inside another one belongs to that one's file.
    fn module_with_file(&self, module: &Path) -> Path {
        let mut module = module.clone();
        while !module.is_empty() && !self.files.contains_key(&module) {
            module.pop();
        }
        module
    }
}

/// `a/b.rs` is `a::b`; `lib.rs` and `main.rs` are the root. Nothing: no source of this crate's own tree, or a test.
fn module_of(file: &str) -> Option<Path> {
    let stem = file.strip_suffix(".rs")?;
    if matches!(stem, "lib" | "main") {
        return Some(Path::new());
    }
    let is_other = stem.starts_with("bin/") || Source::new(file, String::new()).is_test_file();
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    (!is_other).then(|| stem.split('/').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests;
