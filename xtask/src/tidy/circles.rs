//! No circle of imports inside a crate: whoever reads a module can read what it needs first, and stop there. Tests may
//! look wherever they like. What an import is and what a circle is: `crate::imports`.

use super::Violation;
use crate::Outcome;
use crate::imports::Crate;
use crate::imports::circles::{Circle, among_siblings};
use crate::workspace::Package;

/// Every circle of every crate.
pub(crate) fn of_imports(packages: &[Package]) -> Outcome<Vec<Violation>> {
    let mut found = Vec::new();
    for package in packages {
        let read = Crate::read(&package.sources()?).map_err(|why| format!("{}: {why}", package.name))?;
        found.extend(told(package, &among_siblings(&read)));
    }
    Ok(found)
}

fn told(package: &Package, circles: &[Circle]) -> Vec<Violation> {
    circles.iter().filter_map(|circle| violation(package, circle)).collect()
}

/// At the first import of the shortest way round.
fn violation(package: &Package, circle: &Circle) -> Option<Violation> {
    let (first, import) = circle.steps.first()?;
    let path = format!("{}/src/{}", package.folder(), import.from);
    let mut way = first.clone();
    let next = circle.steps.iter().skip(1).map(|(name, _)| name).chain([first]);
    for (next, (_, import)) in next.zip(&circle.steps) {
        way = format!("{way} -> {next} ({}:{})", import.from, import.line);
    }
    let others: Vec<&str> = circle.members.iter().map(String::as_str).collect();
    let others = if others.len() > circle.steps.len() {
        format!("; {} modules are caught in it: {}", others.len(), others.join(", "))
    } else {
        String::new()
    };
    let what =
        format!("a circle of imports: {way}{others}: move what they share below them, or hand the value in");
    Some(Violation::new(&path, import.line, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let texts = files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
        let package = Package { name: "bridge-made".to_owned(), dependencies: Vec::new() };
        let circles = among_siblings(&Crate::read(&texts).unwrap());
        told(&package, &circles).iter().map(ToString::to_string).collect()
    }

    const CIRCLE: &[(&str, &str)] = &[
        ("a.rs", "use crate::b;\nuse crate::c;"),
        ("b.rs", "\nuse crate::a;"),
        ("c.rs", "use crate::b;"),
        ("d.rs", "use crate::b;"),
    ];

    #[test]
    fn a_circle_is_one_violation_with_its_way_round() {
        assert_eq!(
            found(CIRCLE),
            [
                "crates/bridge-made/src/a.rs:1: a circle of imports: a -> b (a.rs:1) -> a (b.rs:2); 3 modules are \
              caught in it: a, b, c: move what they share below them, or hand the value in"
            ]
        );
        assert_eq!(found(&CIRCLE[2..]), [""; 0]);
    }
}
