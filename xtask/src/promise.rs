//! Counts what ARCHITECTURE.md promises: a check, a worker and a format are one file and one line, a setting is one line, a
//! page one file and its lines of addresses; nothing else names them. The real instances are counted, in everything of the
//! product that people write: not in tests, migrations (003 names the columns) or documentation.

mod exceptions;
mod product;

use std::collections::BTreeSet;

use bridge_core::catalog;

use self::exceptions::{EXCEPTIONS, Exception};
use self::product::{TEXTS, Text, said};

const CHECKS: &str = "crates/bridge-core/src/checks";
const CHECKS_LIST: &str = "crates/bridge-core/src/check_id.rs";
const CATALOG: &str = "crates/bridge-core/src/settings.rs";
const FORMATS: &str = "crates/bridge-formats/src/formats";
const FORMATS_LIST: &str = "crates/bridge-formats/src/formats.rs";
const APP: &str = "crates/bridge-app/src/";
const WORKERS: &str = "crates/bridge-app/src/workers";
const WORKERS_LIST: &str = "crates/bridge-app/src/workers.rs";
const PAGES: &str = "crates/bridge-desk/src/pages";
const PAGES_LIST: &str = "crates/bridge-desk/src/pages.rs";
const ROUTES: &str = "crates/bridge-desk/src/routes.rs";

/// One check, worker, format or page.
struct Instance {
    kind: &'static str,
    name: String,
    /// Its own file, and the folder beside it.
    own: String,
    /// The list that it is in.
    list: String,
    /// What stands for it in the list.
    listed_as: Vec<String>,
    /// What stands for it everywhere else.
    named_as: Vec<String>,
}

/// True where the word stands alone, not as a part of a longer one.
fn names(line: &str, word: &str) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(in_word) && !line[at + word.len()..].starts_with(in_word))
}

/// The first literal after that text.
fn literal_after(text: &str, mark: &str) -> Option<String> {
    Some(text.split_once(mark)?.1.split('"').nth(1)?.to_owned())
}

fn stem(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path).trim_end_matches(".rs")
}

/// The Rust files of a folder, without those of its own folders.
fn of_folder<'a>(texts: &'a [Text], folder: &str) -> impl Iterator<Item = &'a Text> {
    let prefix = format!("{folder}/");
    texts.iter().filter(move |text| {
        text.path.ends_with(".rs") && text.path.strip_prefix(&prefix).is_some_and(|name| !name.contains('/'))
    })
}

/// Finds the instances of one kind.
type Find = fn(&[Text]) -> Vec<Instance>;

fn checks(texts: &[Text]) -> Vec<Instance> {
    let made = |text: &Text| Instance {
        kind: "check",
        name: stem(&text.path).to_owned(),
        own: text.path.clone(),
        list: CHECKS_LIST.to_owned(),
        listed_as: vec![stem(&text.path).to_owned()],
        named_as: vec![stem(&text.path).to_owned(), format!("{}_enabled", stem(&text.path))],
    };
    of_folder(texts, CHECKS).filter(|text| text.path.ends_with("_check.rs")).map(made).collect()
}

fn formats(texts: &[Text]) -> Vec<Instance> {
    // The generic names are what is left when no format is told: no list holds them.
    let is_format = |text: &&Text| text.text.contains(" FORMAT: Format ") && stem(&text.path) != "generic";
    let made = |text: &Text| Instance {
        kind: "format",
        name: stem(&text.path).to_owned(),
        own: text.path.clone(),
        list: FORMATS_LIST.to_owned(),
        listed_as: vec![stem(&text.path).to_owned()],
        named_as: vec![stem(&text.path).to_owned()],
    };
    of_folder(texts, FORMATS).filter(is_format).map(made).collect()
}

fn workers(texts: &[Text]) -> Vec<Instance> {
    let made = |text: &Text| {
        let (_, after) = text.text.split_once("impl Worker for ")?;
        let kind: String = after.chars().take_while(|c| c.is_alphanumeric()).collect();
        let name = name_of_worker(texts, &text.text).unwrap();
        Some(Instance {
            kind: "worker",
            name: kind.clone(),
            own: text.path.clone(),
            list: WORKERS_LIST.to_owned(),
            listed_as: vec![kind.clone(), stem(&text.path).to_owned()],
            // Its module may be called like a thing that others name too: `workers::receivers` is meant.
            named_as: vec![kind, name, format!("workers::{}", stem(&text.path))],
        })
    };
    of_folder(texts, WORKERS).filter_map(made).collect()
}

/// What `name()` answers: a literal, or a constant of the bridge's that a file below the workers holds.
fn name_of_worker(texts: &[Text], own: &str) -> Option<String> {
    let (_, body) = own.split_once("fn name(&self) -> &'static str {")?;
    let answer = body.split_once('}')?.0.trim();
    if let Some(literal) = answer.strip_prefix('"') {
        return Some(literal.trim_end_matches('"').to_owned());
    }
    let (file, constant) = answer.split_once("::")?;
    let of_file = texts.iter().filter(|text| text.path.starts_with(APP) && stem(&text.path) == file);
    of_file.filter_map(|text| literal_after(&text.text, &format!("const {constant}: "))).next()
}

fn pages(texts: &[Text]) -> Vec<Instance> {
    let routes = &texts.iter().find(|text| text.path == ROUTES).unwrap().text;
    let is_page = |text: &&Text| names(routes, &format!("pages::{}", stem(&text.path)));
    let made = |text: &Text| {
        let templates =
            text.text.split('"').filter(|literal| literal.starts_with("desk/") && literal.ends_with(".html"));
        let mut named_as = vec![format!("pages::{}", stem(&text.path))];
        named_as.extend(templates.map(str::to_owned));
        Instance {
            kind: "page",
            name: stem(&text.path).to_owned(),
            own: text.path.clone(),
            list: PAGES_LIST.to_owned(),
            listed_as: vec![format!("mod {}", stem(&text.path))],
            named_as,
        }
    };
    of_folder(texts, PAGES).filter(is_page).map(made).collect()
}

/// Where a name stands outside its own file and its list: path, line and name.
fn elsewhere(texts: &[Text], instance: &Instance) -> Vec<(String, usize, String)> {
    let own_folder = instance.own.replace(".rs", "/");
    let others = texts.iter().filter(|text| {
        text.path != instance.own && text.path != instance.list && !text.path.starts_with(&own_folder)
    });
    let mut found = Vec::new();
    for text in others {
        for (at, line) in text.text.lines().enumerate() {
            let hits = instance.named_as.iter().filter(|name| names(line, name));
            found.extend(hits.map(|name| (text.path.clone(), at + 1, name.clone())));
        }
    }
    found
}

/// Exceptions that were needed: the place in the list and the name.
type Needed = BTreeSet<(usize, String)>;

/// Is it excused? Notes what excuses it.
fn excused(path: &str, name: &str, needed: &mut Needed) -> bool {
    let fits = |exception: &Exception| path.ends_with(exception.file) && exception.names.contains(&name);
    let Some(at) = EXCEPTIONS.iter().position(fits) else { return false };
    needed.insert((at, name.to_owned()));
    true
}

/// A literal that is the key and nothing else: a message may name a setting to people.
fn keys_restated(texts: &[Text]) -> Vec<(String, usize, String)> {
    let keys: Vec<&str> =
        catalog::all().iter().map(|def| def.key).filter(|key| !key.ends_with("_check_enabled")).collect();
    let mut found = Vec::new();
    for text in texts.iter().filter(|text| text.path != CATALOG) {
        for (at, line) in text.text.lines().enumerate() {
            let quoted =
                |key: &&&str| ['"', '\''].iter().any(|quote| line.contains(&format!("{quote}{key}{quote}")));
            found
                .extend(keys.iter().filter(quoted).map(|key| (text.path.clone(), at + 1, (*key).to_owned())));
        }
    }
    found
}

#[test]
fn nothing_names_an_instance_but_its_file_and_one_line() {
    let kinds: [(Find, usize); 4] = [(checks, 7), (formats, 14), (workers, 15), (pages, 16)];
    let (mut wrong, mut needed) = (Vec::new(), Needed::new());
    for (find, at_least) in kinds {
        let instances = find(&TEXTS);
        let kind = instances.first().map_or("", |instance| instance.kind);
        assert!(instances.len() >= at_least, "only {} {kind}s are found: have they moved?", instances.len());
        for instance in &instances {
            wrong.extend(elsewhere(&TEXTS, instance).into_iter().filter_map(|(path, line, name)| {
                // A page has a line for each address, and a template may hold another one.
                let of_page = kind == "page" && (path == ROUTES || path.ends_with(".html"));
                let allowed = of_page || excused(&path, &name, &mut needed);
                (!allowed).then(|| format!("{path}:{line}: names the {kind} {name}"))
            }));
            wrong.extend(lines_of_list(&TEXTS, instance));
        }
    }
    wrong.extend(keys_restated(&TEXTS).into_iter().filter_map(|(path, line, key)| {
        (!excused(&path, &key, &mut needed)).then(|| format!("{path}:{line}: restates the setting {key}"))
    }));
    for (at, exception) in EXCEPTIONS.iter().enumerate() {
        let unneeded = exception.names.iter().filter(|name| !needed.contains(&(at, (**name).to_owned())));
        wrong.extend(
            unneeded.map(|name| format!("{} no longer names {name}: shorten EXCEPTIONS", exception.file)),
        );
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// In how many lines its list names it, if that is not one.
fn lines_of_list(texts: &[Text], instance: &Instance) -> Option<String> {
    let list = texts.iter().find(|text| text.path == instance.list).unwrap();
    let names_it = |line: &&str| instance.listed_as.iter().any(|name| names(line, name));
    let lines = list.text.lines().filter(names_it).count();
    let (kind, name) = (instance.kind, &instance.name);
    (lines != 1).then(|| format!("{}: {lines} lines for the {kind} {name}, not 1", instance.list))
}

#[test]
fn every_setting_is_used() {
    let outside = || TEXTS.iter().filter(|text| text.path != CATALOG && text.path.ends_with(".rs"));
    for def in catalog::all().iter().filter(|def| !def.key.ends_with("_check_enabled")) {
        let field = format!(".{}", def.key);
        let read =
            |text: &Text| text.text.match_indices(&field).any(|(at, _)| names(&text.text[at + 1..], def.key));
        let asked_here =
            TEXTS.iter().any(|text| text.path == CATALOG && names(&text.text, &format!("self{field}")));
        assert!(asked_here || outside().any(read), "nobody reads the setting {}", def.key);
    }
}

#[test]
fn a_word_counts_alone_and_outside_comments() {
    assert!(names("use pages::sms::list;", "pages::sms"));
    assert!(!names("pages::sms_one", "pages::sms") && !names("mobile_check_enabled", "mobile_check"));
    let text = "a(\"twilio\"); // plivo — é\n/// vonage\nb();\n#[cfg(test)]\nmod t { kannel() }";
    assert_eq!(said("a.rs", text).split_whitespace().collect::<Vec<_>>(), ["a(\"twilio\");", "b();"]);
    assert_eq!(said("a.lua", "-- twilio\nreturn 1"), "\nreturn 1");
}
