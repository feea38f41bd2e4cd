//! The blocks of shell in the pages for operators, run as they stand in a machine where the package is set up. What asks a person
//! or names something that only the operator has is left out, and said.

use super::booted::Machine;
use crate::{Outcome, workspace};

/// The pages, in the order in which they can be run one after the other.
const PAGES: [&str; 2] = ["docs/operate.md", "docs/backup.md"];
/// A line with one of these is not run: an editor, a package or a name that is made up, a log that never ends.
const LEFT_OUT: [&str; 3] = ["sudoedit", "_NEW_", "NAME"];

/// Runs them all.
pub(super) fn run(machine: &Machine) -> Outcome {
    let today = machine.output(&["date", "+%F"])?.trim().to_owned();
    // The machine has no sudo, and everybody is root; its log is not followed.
    let around = "set -e; sudo() { \"$@\"; }; export PAGER=cat SYSTEMD_PAGER=cat; cd /root;";
    for page in PAGES {
        let text = std::fs::read_to_string(workspace::root().join(page))?;
        for block in blocks(&text) {
            let (run, out): (Vec<&str>, Vec<&str>) =
                block.lines().partition(|line| !LEFT_OUT.iter().any(|word| line.contains(word)));
            for line in out {
                println!("  {page}, not run: {line}");
            }
            // The page writes a day of its own.
            let script = run.join("\n").replace("2026-11-30", &today);
            machine
                .run(&["bash", "-c", &format!("{around}\n{script}")])
                .map_err(|why| format!("{page}: {why}"))?;
        }
    }
    Ok(())
}

/// The blocks of shell of a page.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        match (&mut open, line.trim()) {
            (None, "```sh") => open = Some(String::new()),
            (Some(_), "```") => blocks.extend(open.take()),
            (Some(block), _) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, _) => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_have_blocks() {
        assert_eq!(blocks("a\n```sh\nb\nc\n```\n```toml\nd\n```\n"), ["b\nc\n"]);
        for page in PAGES {
            let text = std::fs::read_to_string(workspace::root().join(page)).unwrap();
            assert!(blocks(&text).len() > 2, "{page}");
        }
    }
}
