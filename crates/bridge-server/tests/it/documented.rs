//! Every command of ours that a page of the documentation names is one that the program understands. That they do what the page
//! says is run by `cargo xtask release-check`, in a booted Debian.

use std::path::{Path, PathBuf};

use bridge_server::cli::Cli;
use clap::CommandFactory;
use clap::error::ErrorKind;

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut pages = vec![root.join("README.md"), root.join("deploy/ansible/README.md")];
    let docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    pages.extend(docs.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    pages
}

/// A command of ours: its words after the program, and whether it stands in a block that is to be typed as it is.
struct Named {
    words: Vec<String>,
    is_typed: bool,
}

/// The commands of one line of shell.
fn commands(line: &str, is_typed: bool) -> Vec<Named> {
    let line = line.split(" #").next().unwrap_or_default();
    let mut found = Vec::new();
    for part in line.split(['|', ';', '(', ')']).flat_map(|part| part.split("&&")) {
        let mut words = part.split_whitespace().skip_while(|word| *word == "sudo" || word.contains("=/"));
        let is_ours = words.next().is_some_and(|word| word == "sms-bridge" || word.ends_with("/sms-bridge"));
        if is_ours {
            let words = words.map(|word| word.trim_matches(['"', '\'', '`', '[', ']']).to_owned());
            found.push(Named { words: words.filter(|word| !word.is_empty()).collect(), is_typed });
        }
    }
    found
}

fn named(text: &str) -> Vec<Named> {
    let mut found = Vec::new();
    let mut block: Option<bool> = None;
    for line in text.lines() {
        if let Some(language) = line.trim().strip_prefix("```") {
            block = match block {
                Some(_) => None,
                None => Some(matches!(language, "sh" | "bash")),
            };
            continue;
        }
        match block {
            Some(true) => found.extend(commands(line.trim_end_matches('\\'), !line.ends_with('\\'))),
            Some(false) => {}
            // Between back quotes: every second part.
            None => found.extend(line.split('`').skip(1).step_by(2).flat_map(|code| commands(code, false))),
        }
    }
    found
}

#[test]
fn every_command_that_is_documented_is_understood() {
    let mut seen = 0;
    for page in pages() {
        for Named { words, is_typed } in named(&std::fs::read_to_string(&page).unwrap()) {
            seen += 1;
            let told = Cli::command()
                .try_get_matches_from(std::iter::once("sms-bridge".to_owned()).chain(words.clone()));
            let Err(error) = told else { continue };
            // A text may name a command without all that it needs; what is to be typed must be whole.
            let is_unfinished = matches!(
                error.kind(),
                ErrorKind::MissingRequiredArgument
                    | ErrorKind::MissingSubcommand
                    | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                    | ErrorKind::DisplayHelp
                    | ErrorKind::DisplayVersion
            );
            assert!(
                is_unfinished && !is_typed,
                "{}: sms-bridge {}: {error}",
                page.display(),
                words.join(" ")
            );
        }
    }
    assert!(seen > 60, "only {seen} were found");
}

#[test]
fn a_command_that_is_misspelled_is_found() {
    let named =
        named("Do `sudo sms-bridge recover list` now.\n```sh\nsudo sms-bridge health && x # y\n```\n");
    let words: Vec<_> = named.iter().map(|named| (named.words.join(" "), named.is_typed)).collect();
    assert_eq!(words, [("recover list".to_owned(), false), ("health".to_owned(), true)]);
    assert!(Cli::command().try_get_matches_from(["sms-bridge", "recover", "list"]).is_err());
}
