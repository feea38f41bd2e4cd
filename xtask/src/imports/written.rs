//! What one Rust file writes: the paths that it names, the names that it brings into scope and defines. Read by a
//! parser (`syn`); inside macros, whose grammar nobody knows, by looking at the tokens. Not what the paths mean.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Meta, Token, UseTree};

/// Features that only tests switch on: what is behind one is a test.
const TEST_FEATURES: &[&str] = &["conformance"];

/// `a::b` as its words.
pub(crate) type Path = Vec<String>;

/// Everything of one file that says something about other files. Tests are left out.
#[derive(Default)]
pub(crate) struct Written {
    /// The file's own module and the modules that are written inside it.
    pub(crate) scopes: Vec<(Path, Scope)>,
    pub(crate) paths: Vec<Named>,
    /// Modules that are there for tests alone.
    pub(crate) test_modules: Vec<Path>,
}

/// The names that a module knows.
#[derive(Default)]
pub(crate) struct Scope {
    pub(crate) defines: BTreeSet<String>,
    /// A name and the path that it stands for.
    pub(crate) uses: Vec<(String, Path)>,
    /// What `use a::*` names.
    pub(crate) globs: Vec<Path>,
}

/// A path as it stands in the text.
pub(crate) struct Named {
    /// The module in which it stands.
    pub(crate) module: Path,
    pub(crate) line: usize,
    pub(crate) path: Path,
}

/// Reads the file of that module.
pub(crate) fn read(module: &Path, text: &str) -> syn::Result<Written> {
    let file = syn::parse_file(text)?;
    let mut reader =
        Reader { at: vec![(module.clone(), Scope::default())], blocks: 0, out: Written::default() };
    reader.visit_file(&file);
    let Reader { at, mut out, .. } = reader;
    out.scopes.extend(at);
    Ok(out)
}

struct Reader {
    /// The module that is being read, inside those that it is written in.
    at: Vec<(Path, Scope)>,
    /// How many blocks deep: a `use` inside a function brings nothing into the module.
    blocks: usize,
    out: Written,
}

impl Reader {
    fn module(&self) -> Path {
        self.at.last().map(|(module, _)| module.clone()).unwrap_or_default()
    }

    fn scope(&mut self) -> Option<&mut Scope> {
        let outside = self.blocks == 0;
        self.at.last_mut().map(|(_, scope)| scope).filter(|_| outside)
    }

    fn name(&mut self, line: usize, path: Path) {
        let module = self.module();
        self.out.paths.push(Named { module, line, path });
    }

    fn define(&mut self, item: &Item) {
        let name = match item {
            Item::Const(item) => &item.ident,
            Item::Enum(item) => &item.ident,
            Item::Fn(item) => &item.sig.ident,
            Item::Static(item) => &item.ident,
            Item::Struct(item) => &item.ident,
            Item::Trait(item) => &item.ident,
            Item::Type(item) => &item.ident,
            Item::Union(item) => &item.ident,
            _ => return,
        };
        if let Some(scope) = self.scope() {
            scope.defines.insert(name.to_string());
        }
    }

    fn use_tree(&mut self, before: &Path, tree: &UseTree) {
        match tree {
            UseTree::Path(step) => {
                let mut path = before.clone();
                path.push(step.ident.to_string());
                self.use_tree(&path, &step.tree);
            }
            UseTree::Name(leaf) => self.use_leaf(before, &leaf.ident, &leaf.ident),
            UseTree::Rename(leaf) => self.use_leaf(before, &leaf.ident, &leaf.rename),
            UseTree::Glob(glob) => {
                let line = glob.star_token.spans[0].start().line;
                self.name(line, before.clone());
                if let Some(scope) = self.scope() {
                    scope.globs.push(before.clone());
                }
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.use_tree(before, tree)),
        }
    }

    /// `before::named as bound`; `a::{self}` is `a`.
    fn use_leaf(&mut self, before: &Path, named: &Ident, bound: &Ident) {
        let mut path = before.clone();
        let mut bound_as = bound.to_string();
        if named == "self" && !path.is_empty() {
            if bound == named {
                bound_as = path.last().cloned().unwrap_or_default();
            }
        } else {
            path.push(named.to_string());
        }
        self.name(named.span().start().line, path.clone());
        if let Some(scope) = self.scope() {
            scope.uses.push((bound_as, path));
        }
    }

    /// Looks for `crate::…`, `self::…` and `super::…` among tokens, and in strings such as `with = "crate::time"`.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(ident) if starts_a_path(ident) => {
                    at = self.path_among(&tokens, at, ident);
                    continue;
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(string) = syn::parse_str::<syn::LitStr>(&literal.to_string())
                        && let Ok(path) = string.parse::<syn::Path>()
                        && path.segments.first().is_some_and(|first| starts_a_path(&first.ident))
                    {
                        self.name(literal.span().start().line, words(&path));
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Takes the path that begins at `at`; answers where it ends.
    fn path_among(&mut self, tokens: &[TokenTree], at: usize, first: &Ident) -> usize {
        let (mut path, mut at) = (vec![first.to_string()], at + 1);
        let line = first.span().start().line;
        while is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1)) {
            match tokens.get(at + 2) {
                Some(TokenTree::Ident(ident)) => path.push(ident.to_string()),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    let trees = Punctuated::<UseTree, Token![,]>::parse_terminated.parse2(group.stream());
                    // In a block of its own: what a macro brings into scope, it brings where it is used.
                    self.blocks += 1;
                    trees.into_iter().flatten().for_each(|tree| self.use_tree(&path, &tree));
                    self.blocks -= 1;
                    return at + 3;
                }
                _ => break,
            }
            at += 3;
        }
        if path.len() > 1 {
            self.name(line, path);
        }
        at
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if attributes(item).iter().any(for_tests) {
            if let Item::Mod(module) = item {
                let mut path = self.module();
                path.push(module.ident.to_string());
                self.out.test_modules.push(path);
            }
            return;
        }
        self.define(item);
        match item {
            Item::Mod(module) if module.content.is_some() => {
                let mut path = self.module();
                path.push(module.ident.to_string());
                let outer_blocks = std::mem::take(&mut self.blocks);
                self.at.push((path, Scope::default()));
                visit::visit_item_mod(self, module);
                self.out.scopes.extend(self.at.pop());
                self.blocks = outer_blocks;
            }
            Item::Use(item) if item.leading_colon.is_none() => self.use_tree(&Path::new(), &item.tree),
            Item::Use(_) => {}
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !item.attrs.iter().any(for_tests) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.blocks += 1;
        visit::visit_block(self, block);
        self.blocks -= 1;
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none()
            && path.segments.len() > 1
            && let Some(first) = path.segments.first()
        {
            self.name(first.ident.span().start().line, words(path));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        visit::visit_macro(self, called);
        self.tokens(called.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }

    /// `pub(in crate::a)` says who may look in, not where this looks.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}
}

fn words(path: &syn::Path) -> Path {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

fn starts_a_path(ident: &Ident) -> bool {
    ident == "crate" || ident == "self" || ident == "super"
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`, `#[cfg(feature = "conformance")]`: nothing of it
/// is in the program.
fn for_tests(attribute: &Attribute) -> bool {
    let path = attribute.path();
    if path.segments.last().is_some_and(|last| last.ident == "test") {
        return true;
    }
    path.is_ident("cfg") && attribute.parse_args::<Meta>().is_ok_and(|condition| needs_test(&condition))
}

fn needs_test(condition: &Meta) -> bool {
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::NameValue(pair) if pair.path.is_ident("feature") => {
            let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(value), .. }) = &pair.value else {
                return false;
            };
            TEST_FEATURES.contains(&value.value().as_str())
        }
        Meta::List(list) if list.path.is_ident("all") => list
            .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            .is_ok_and(|all| all.iter().any(needs_test)),
        _ => false,
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
