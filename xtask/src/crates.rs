//! `cargo xtask crates`: the crates in figures, for people: how long they are, who needs whom, which circles are left, and
//! how much an edit recompiles. It judges nothing: `cargo xtask tidy` does.

mod recompiled;

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{CellAlignment, Table, presets};

use crate::imports::Crate;
use crate::imports::circles::{among_files, among_siblings};
use crate::source::Source;
use crate::workspace::{self, Package};
use crate::{Outcome, imports};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Say of every circle which modules are in it and the shortest way round
    #[arg(long)]
    circles: bool,
    /// Count the lines that an edit recompiles, over the files that the last commits edited
    #[arg(long)]
    recompiled: bool,
    /// How many commits, without merges
    #[arg(long, default_value_t = 200, requires = "recompiled")]
    commits: usize,
    /// Only commits that were made on the main branch itself, not those that were merged into it
    #[arg(long, requires = "recompiled")]
    first_parent: bool,
    /// The last of these commits; what was renamed since then is followed
    #[arg(long, default_value = "HEAD", requires = "recompiled")]
    until: String,
}

/// One crate of the workspace.
struct Measured {
    name: String,
    read: Crate,
    /// Its files without tests, from the root of the repository.
    files: Vec<String>,
    /// Lines without tests.
    lines: usize,
    /// The crates of the workspace that it needs to be built.
    needs: Vec<String>,
}

/// Prints the figures.
pub(crate) fn run(args: &Args) -> Outcome {
    let packages = workspace::metadata()?.packages;
    let measured: Vec<Measured> =
        packages.iter().map(|package| measure(package, &packages)).collect::<Outcome<_>>()?;
    println!("{}", table(&measured));
    if args.circles {
        measured.iter().for_each(print_circles);
    }
    if args.recompiled {
        let cost = recompiled_by_edit(&measured);
        let figure = recompiled::over_history(&cost, args.commits, &args.until, args.first_parent)?;
        println!("{figure}");
    }
    Ok(())
}

fn measure(package: &Package, all: &[Package]) -> Outcome<Measured> {
    let texts = package.sources()?;
    let read = Crate::read(&texts).map_err(|why| format!("{}: {why}", package.name))?;
    // Both a lib.rs and a main.rs are read, but only one of them stands for the root.
    let roots = ["lib.rs", "main.rs"].into_iter();
    let files: BTreeSet<&str> = read.files().chain(roots).collect();
    let lines = files.iter().filter_map(|file| texts.get(*file)).map(|text| lines_without_tests(text)).sum();
    let in_workspace = |name: &str| all.iter().any(|package| package.name == name);
    let needs = package.dependencies.iter().filter(|edge| edge.kind.is_none() && in_workspace(&edge.name));
    Ok(Measured {
        name: package.name.clone(),
        files: files.iter().map(|file| format!("{}/src/{file}", package.folder())).collect(),
        lines,
        needs: needs.map(|edge| edge.name.clone()).collect(),
        read,
    })
}

fn lines_without_tests(text: &str) -> usize {
    let source = Source::new("", text.to_owned());
    text[..source.tests_from().unwrap_or(text.len())].lines().count()
}

fn table(measured: &[Measured]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "crate",
        "files",
        "lines",
        "imports",
        "circles",
        "modules in them",
        "largest of files",
    ]);
    for one in measured {
        let circles = among_siblings(&one.read);
        let caught: usize = circles.iter().map(|circle| circle.members.len()).sum();
        table.add_row([
            one.name.clone(),
            one.read.files().count().to_string(),
            one.lines.to_string(),
            one.read.imports.len().to_string(),
            circles.len().to_string(),
            caught.to_string(),
            among_files(&one.read).first().unwrap_or(&0).to_string(),
        ]);
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}

fn print_circles(one: &Measured) {
    for circle in among_siblings(&one.read) {
        let imports::circles::Circle { folder, members, steps } = circle;
        let place = [one.name.as_str(), &folder].join("::");
        println!("\n{place}: {} modules: {}", members.len(), members.join(", "));
        for (name, import) in steps {
            println!("    {name}: {}:{} imports {}", import.from, import.line, import.to);
        }
    }
}

/// For each file of the product, the lines that are compiled again after an edit of it: those of its crate, and of every
/// other crate of the product that needs it. The tools are no part of it, and a test recompiles nothing of it.
fn recompiled_by_edit(measured: &[Measured]) -> BTreeMap<String, usize> {
    let product: Vec<&Measured> = measured.iter().filter(|one| one.name.starts_with("bridge-")).collect();
    let mut costs = BTreeMap::new();
    for edited in &product {
        let mut again = BTreeSet::from([edited.name.as_str()]);
        let mut before = 0;
        while before < again.len() {
            before = again.len();
            let above =
                product.iter().filter(|one| one.needs.iter().any(|name| again.contains(name.as_str())));
            let above: Vec<&str> = above.map(|one| one.name.as_str()).collect();
            again.extend(above);
        }
        let lines: usize =
            product.iter().filter(|one| again.contains(one.name.as_str())).map(|one| one.lines).sum();
        costs.extend(edited.files.iter().map(|file| (file.clone(), lines)));
    }
    costs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, lines: usize, needs: &[&str]) -> Measured {
        let read = Crate::read(&BTreeMap::new()).unwrap();
        let needs = needs.iter().map(ToString::to_string).collect();
        Measured { name: name.to_owned(), read, files: vec![name.to_owned()], lines, needs }
    }

    #[test]
    fn an_edit_recompiles_what_lies_above_it() {
        let crates = [
            made("bridge-core", 1, &[]),
            made("bridge-store", 20, &["bridge-core"]),
            made("bridge-app", 300, &["bridge-store"]),
            made("bridge-formats", 4000, &["bridge-core"]),
            made("xtask", 50000, &["bridge-core"]),
        ];
        let cost = recompiled_by_edit(&crates);
        let figures: Vec<_> = cost.iter().map(|(name, lines)| (name.as_str(), *lines)).collect();
        assert_eq!(
            figures,
            [("bridge-app", 300), ("bridge-core", 4321), ("bridge-formats", 4000), ("bridge-store", 320)]
        );
    }

    #[test]
    fn tests_are_no_lines() {
        assert_eq!(lines_without_tests("fn f() {}\n\n#[cfg(test)]\nmod tests {\n}\n"), 2);
    }

    #[test]
    fn the_workspace_is_measured() {
        run(&Args {
            circles: true,
            recompiled: false,
            commits: 1,
            first_parent: false,
            until: "HEAD".to_owned(),
        })
        .unwrap();
    }
}
