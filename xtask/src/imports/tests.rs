//! Made crates: what is an import of what, and which of them make a circle.

use super::circles::{among_files, among_siblings};
use super::*;

fn read(files: &[(&str, &str)]) -> Crate {
    let texts = files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
    Crate::read(&texts).unwrap()
}

/// `a.rs:1 -> b.rs` of each import.
fn imports(files: &[(&str, &str)]) -> Vec<String> {
    let told = |import: &Import| format!("{}:{} -> {}", import.from, import.line, import.to);
    read(files).imports.iter().map(told).collect()
}

/// `a.rs:1 -> b.rs:7 ->` of each circle.
fn circles(files: &[(&str, &str)]) -> Vec<String> {
    let step = |(_, import): &(String, Import)| format!("{}:{} ->", import.from, import.line);
    let told = |circle: &circles::Circle| circle.steps.iter().map(step).collect::<Vec<_>>().join(" ");
    among_siblings(&read(files)).iter().map(told).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn a_circle_is_told_in_order_with_its_lines() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "\nuse crate::b::B;\nuse crate::d::D;"),
        ("b.rs", "use crate::c;\npub struct B;"),
        ("c.rs", "\n\nfn f() { crate::a::g() }"),
        ("d.rs", "pub struct D;"),
    ];
    assert_eq!(circles(&files), ["a.rs:2 -> b.rs:1 -> c.rs:3 ->"]);
    assert_eq!(among_files(&read(&files)), [3]);
    let without = [files[0], files[1], files[2], ("c.rs", "use crate::d;"), files[4]];
    assert_eq!(circles(&without), NONE);
    assert_eq!(among_files(&read(&without)), [0; 0]);
}

#[test]
fn a_circle_through_submodules_is_one_of_the_modules_above() {
    let files = [
        ("a.rs", "mod deep;"),
        ("a/deep.rs", "use crate::b::also;"),
        ("b.rs", "pub mod also; pub mod other;"),
        ("b/also.rs", ""),
        ("b/other.rs", "fn f() -> crate::a::A {}"),
    ];
    assert_eq!(circles(&files), ["a/deep.rs:1 -> b/other.rs:1 ->"]);
    // As files they make none: that is what the folders are for.
    assert_eq!(among_files(&read(&files)), [0; 0]);
}

#[test]
fn every_way_to_write_an_import_counts() {
    for text in [
        "use crate::{b::{B, C}, x};",
        "use crate::{a::{self}, b as other};",
        "use super::b::*;",
        "fn f() { use crate::b::B; }",
        "fn f() { let _ = super::b::g(); }",
        "fn f(_: &crate::b::B) {}",
        "impl crate::b::T for u8 {}",
        "fn f() { <u8 as crate::b::T>::g() }",
        "fn f() { println!(\"{}\", crate::b::g()) }",
        "fn f() { vec![g(|| { super::b::g })] }",
        "macro_rules! m { () => { use $crate::{b::{B}}; } }",
        "#[derive(Serialize)] struct S { #[serde(with = \"crate::b\")] f: u8 }",
        "#[made(super::b::T)] struct S;",
        "mod inner { use super::super::b::B; }",
        "mod inner { mod more { fn f() { super::super::super::b::g() } } }",
        "use crate::B;",
        "use crate::Renamed;",
        "#[cfg(feature = \"crash-points\")] use crate::b::B;",
        "use crate::through::B;",
        "use crate::star::B;",
        "use crate::through; fn f() -> through::B {}",
    ] {
        let files = [
            ("lib.rs", "pub use b::B; pub use through::B as Renamed;"),
            ("a.rs", text),
            ("b.rs", "use crate::a; pub struct B; pub trait T {}"),
            ("star.rs", "pub use crate::through::*;"),
            ("through.rs", "pub use crate::b::B;"),
        ];
        assert!(circles(&files).contains(&"a.rs:1 -> b.rs:1 ->".to_owned()), "{text}: {:?}", imports(&files));
    }
}

#[test]
fn what_is_no_import_does_not_count() {
    for text in [
        "//! See [`crate::b`].\n/// And `crate::b::B`.\nfn f() {}",
        "fn f() { \"crate::b\"; } // crate::b",
        "pub(in crate::b) fn f() {}",
        "use b::B;",
        "use ::b::B;",
        "fn f() { Self::b::g(); b::g(); }",
        "#[cfg(test)] mod tests { use crate::b::B; }",
        "#[cfg(all(test, unix))] use crate::b::B;",
        "#[test] fn f() { crate::b::g() }",
        "impl A { #[cfg(test)] fn f() { crate::b::g() } }",
        "#[cfg(feature = \"conformance\")] use crate::b::B;",
        "#[cfg(test)] mod samples;",
        "#[cfg(test)] mod tests;",
        "use crate::Elsewhere;",
    ] {
        let files = [
            ("lib.rs", "mod a; mod b; pub use std::path::Path as Elsewhere;"),
            ("a.rs", text),
            ("a/samples.rs", if text.contains("samples") { "use crate::b::B;" } else { "" }),
            ("a/tests.rs", "use crate::b::B;"),
            ("b.rs", "use crate::a; pub struct B;"),
        ];
        assert_eq!(circles(&files), NONE, "{text}: {:?}", imports(&files));
    }
}

#[test]
fn a_module_and_its_parents_may_name_each_other() {
    let files = [
        ("lib.rs", "mod a; use a::one::One; pub struct Root;"),
        ("a.rs", "mod one; mod two; use one::One; pub struct A;"),
        ("a/one.rs", "use super::A; use crate::Root; use crate::a::two; pub struct One;"),
        ("a/two.rs", "use super::super::Root;"),
    ];
    assert_eq!(circles(&files), NONE);
    // But two children may not, by whatever name they call each other.
    let files = [files[0], files[1], files[2], ("a/two.rs", "fn f(_: super::One) {}")];
    assert_eq!(circles(&files), ["a/one.rs:1 -> a/two.rs:1 ->"]);
}

#[test]
fn modules_that_a_macro_declares_are_found_by_their_files() {
    let files = [
        ("list.rs", "macro_rules! list { ($m:ident) => { mod $m; } } list! { one }"),
        ("list/one.rs", "use crate::other;"),
        ("other.rs", "use crate::list::one::ONE;"),
    ];
    assert_eq!(circles(&files), ["list/one.rs:1 -> other.rs:1 ->"]);
}

#[test]
fn two_circles_are_two() {
    let files = [
        ("a.rs", "use crate::b;"),
        ("b.rs", "use crate::a; use crate::c;"),
        ("c.rs", "use crate::d;"),
        ("d.rs", "use crate::c;"),
        ("e.rs", "mod x; mod y;"),
        ("e/x.rs", "use super::y;"),
        ("e/y.rs", "use crate::e::x;"),
    ];
    let found = among_siblings(&read(&files));
    let told: Vec<_> =
        found.iter().map(|circle| format!("{}: {}", circle.folder, circle.members.join(" "))).collect();
    assert_eq!(told, [": a b", ": c d", "e: x y"]);
}

#[test]
fn a_file_that_is_no_rust_is_told() {
    let texts = BTreeMap::from([("a.rs".to_owned(), "fn f( {".to_owned())]);
    assert!(Crate::read(&texts).is_err_and(|problem| problem.starts_with("a.rs:1: not read as Rust")));
}
