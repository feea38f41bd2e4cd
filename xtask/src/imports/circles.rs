//! Circles of imports. A module and what is below it are one thing to those beside it, so circles are looked for
//! among the modules of each folder; a module and its own parent may name each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Crate, Import};

/// Modules of one folder that need each other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Circle {
    /// `a::b`; empty for the root of the crate.
    pub(crate) folder: String,
    pub(crate) members: Vec<String>,
    /// The shortest way round: from a member to the next, and at last to the first again.
    pub(crate) steps: Vec<(String, Import)>,
}

/// The edges between things with names: one import for each.
type Edges<'a> = BTreeMap<String, BTreeMap<String, &'a Import>>;

/// Every circle of the crate, outermost folders first.
pub(crate) fn among_siblings(read: &Crate) -> Vec<Circle> {
    let mut folders: BTreeMap<(usize, String), Edges> = BTreeMap::new();
    for import in imports_beside(read) {
        let (from, to) = &import.modules;
        let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        let edges = folders.entry((shared, from[..shared].join("::"))).or_default();
        edges.entry(from[shared].clone()).or_default().entry(to[shared].clone()).or_insert(import);
    }
    let mut circles = Vec::new();
    for ((_, folder), edges) in &folders {
        for members in components(edges) {
            let steps = shortest(edges, &members);
            circles.push(Circle { folder: folder.clone(), members: members.into_iter().collect(), steps });
        }
    }
    circles
}

/// How many files are in each circle of files, the largest first. Here every file is itself.
pub(crate) fn among_files(read: &Crate) -> Vec<usize> {
    let mut edges = Edges::new();
    for import in imports_beside(read) {
        edges.entry(import.from.clone()).or_default().insert(import.to.clone(), import);
    }
    let mut sizes: Vec<usize> = components(&edges).iter().map(BTreeSet::len).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes
}

/// All imports but those between a module and its own parents.
fn imports_beside(read: &Crate) -> impl Iterator<Item = &Import> {
    read.imports.iter().filter(|import| {
        let (from, to) = &import.modules;
        !from.starts_with(to) && !to.starts_with(from)
    })
}

/// Groups of more than one in which everyone reaches everyone.
fn components(edges: &Edges) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<String>> =
        edges.keys().map(|node| (node, reachable(edges, node))).collect();
    let mut found: Vec<BTreeSet<String>> = Vec::new();
    for (node, targets) in &reached {
        if !targets.contains(*node) || found.iter().any(|component| component.contains(*node)) {
            continue;
        }
        let comes_back = |other: &&String| reached.get(other).is_some_and(|targets| targets.contains(*node));
        found.push(targets.iter().filter(comes_back).cloned().collect());
    }
    found
}

fn reachable(edges: &Edges, from: &String) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(node) = open.pop() {
        for next in edges.get(node).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    reached
}

/// The shortest circle among these; its first member is the first by name.
fn shortest(edges: &Edges, members: &BTreeSet<String>) -> Vec<(String, Import)> {
    let circles = members.iter().map(|start| round(edges, start));
    circles.min_by_key(Vec::len).unwrap_or_default()
}

/// The shortest way from a node back to itself.
fn round(edges: &Edges, start: &String) -> Vec<(String, Import)> {
    let mut came_from: BTreeMap<&String, &String> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(node) = open.pop_front() {
        for next in edges.get(node).into_iter().flat_map(BTreeMap::keys) {
            if came_from.contains_key(next) {
                continue;
            }
            came_from.insert(next, node);
            if next == start {
                return way_back(edges, &came_from, start);
            }
            open.push_back(next);
        }
    }
    Vec::new()
}

fn way_back(edges: &Edges, came_from: &BTreeMap<&String, &String>, start: &String) -> Vec<(String, Import)> {
    let mut steps = Vec::new();
    let mut node = start;
    while let Some(before) = came_from.get(node) {
        steps.push(((*before).clone(), edges[*before][node].clone()));
        node = before;
        if node == start {
            break;
        }
    }
    steps.reverse();
    steps
}
