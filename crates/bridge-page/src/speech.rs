//! What a page says, in eleven languages: one Fluent file each in `languages`. Not the text of the SMS: that is the same in
//! every language, in letters that every network carries.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

/// One language.
pub(crate) struct Language {
    /// Its BCP 47 tag.
    pub(crate) tag: &'static str,
    /// Its name as its speakers write it.
    pub(crate) own_name: &'static str,
    /// `ltr` or `rtl`.
    pub(crate) direction: &'static str,
    sentences: &'static str,
}

macro_rules! languages {
    ($($tag:literal $own_name:literal $direction:literal;)*) => {
        /// To add one, write its file and add its line.
        pub(crate) static LANGUAGES: &[Language] = &[$(Language {
            tag: $tag,
            own_name: $own_name,
            direction: $direction,
            sentences: include_str!(concat!("../languages/", $tag, ".ftl")),
        }),*];
    };
}

languages! {
    "en" "English" "ltr";
    "hi" "हिन्दी" "ltr";
    "bn" "বাংলা" "ltr";
    "ta" "தமிழ்" "ltr";
    "te" "తెలుగు" "ltr";
    "mr" "मराठी" "ltr";
    "gu" "ગુજરાતી" "ltr";
    "kn" "ಕನ್ನಡ" "ltr";
    "ml" "മലയാളം" "ltr";
    "pa" "ਪੰਜਾਬੀ" "ltr";
    "ur" "اردو" "rtl";
}

static BUNDLES: LazyLock<Vec<FluentBundle<FluentResource>>> =
    LazyLock::new(|| LANGUAGES.iter().map(bundle).collect());

fn bundle(language: &Language) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(language.tag.parse().into_iter().collect());
    // A test reads every file: there is nothing wrong with any.
    let resource = FluentResource::try_new(language.sentences.to_owned()).unwrap_or_else(|(sound, _)| sound);
    let _ = bundle.add_resource(resource);
    bundle
}

/// The language of a tag like `hi-IN`, if we have it.
fn known(tag: &str) -> Option<usize> {
    let first = tag.split(['-', '_']).next().unwrap_or_default();
    LANGUAGES.iter().position(|language| language.tag.eq_ignore_ascii_case(first))
}

/// What somebody wants to read, from what is known: what they chose, what the app says, what their browser prefers.
pub(crate) fn choose(chosen: Option<&str>, locale: Option<&str>, accepted: Option<&str>) -> usize {
    let by_weight = || {
        let mut wanted: Vec<(f32, &str)> = accepted?
            .split(',')
            .filter_map(|entry| {
                let (tag, rest) = entry.split_once(';').unwrap_or((entry, ""));
                let weight = rest.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse().ok())?;
                (weight > 0.0).then_some((weight, tag.trim()))
            })
            .collect();
        wanted.sort_by(|one, other| other.0.total_cmp(&one.0));
        wanted.into_iter().find_map(|(_, tag)| known(tag))
    };
    chosen.and_then(known).or_else(|| locale.and_then(known)).or_else(by_weight).unwrap_or_default()
}

/// Says things in one language, to one person, for one app.
#[derive(Clone, Debug)]
pub(crate) struct Speech {
    language: usize,
    app: String,
    number: String,
}

impl Speech {
    /// `app` is its name, where it has one; `number` as it may be shown.
    pub(crate) fn new(language: usize, app: &str, number: &str) -> Speech {
        let mut speech = Speech { language, app: app.to_owned(), number: number.to_owned() };
        if app.is_empty() {
            speech.app = speech.say("some-app");
        }
        speech
    }

    pub(crate) fn language(&self) -> &'static Language {
        &LANGUAGES[self.language.min(LANGUAGES.len() - 1)]
    }

    /// A sentence. Each may name the app and the number.
    pub(crate) fn say(&self, id: &str) -> String {
        let mut args = FluentArgs::new();
        args.set("app", self.app.as_str());
        args.set("number", self.number.as_str());
        let said = BUNDLES.get(self.language).and_then(|bundle| {
            let pattern = bundle.get_message(id)?.value()?;
            Some(bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned())
        });
        said.unwrap_or_else(|| {
            tracing::error!(id, "a page lacks a sentence: this is a bug, please report it");
            String::new()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use fluent_syntax::ast;
    use fluent_syntax::parser;

    use super::*;

    /// The sentences of a file, each with what it names.
    fn sentences(language: &Language) -> BTreeMap<String, BTreeSet<String>> {
        let resource = parser::parse(language.sentences)
            .unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", language.tag));
        let mut all = BTreeMap::new();
        for entry in &resource.body {
            let ast::Entry::Message(message) = entry else { continue };
            let mut names = BTreeSet::new();
            for element in &message.value.as_ref().unwrap().elements {
                if let ast::PatternElement::Placeable {
                    expression: ast::Expression::Inline(ast::InlineExpression::VariableReference { id }),
                } = element
                {
                    names.insert(id.name.to_owned());
                }
            }
            let twice = all.insert(message.id.name.to_owned(), names);
            assert!(twice.is_none(), "{}: {} stands twice", language.tag, message.id.name);
        }
        all
    }

    #[test]
    fn every_language_says_everything_and_names_the_same() {
        let english = sentences(&LANGUAGES[0]);
        for language in LANGUAGES {
            let theirs = sentences(language);
            let missing: Vec<_> = english.keys().filter(|id| !theirs.contains_key(*id)).collect();
            assert!(missing.is_empty(), "{} lacks {missing:?}", language.tag);
            assert_eq!(theirs, english, "{}", language.tag);
            for id in english.keys() {
                let n = known(language.tag).unwrap();
                assert!(!Speech::new(n, "Shop", "+91 10").say(id).is_empty(), "{} {id}", language.tag);
            }
        }
    }

    /// The ids in a text that asks for sentences like `say("some-app")`.
    fn asked_for(text: &str) -> Vec<String> {
        let after = text.split("say(\"").skip(1);
        after.filter_map(|rest| rest.split_once('"').map(|(id, _)| id.to_owned())).collect()
    }

    #[test]
    fn what_pages_ask_for_is_there_and_nothing_else() {
        let mut asked = BTreeSet::new();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders = vec![root.join("src"), root.join("templates")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    asked.extend(asked_for(&std::fs::read_to_string(path).unwrap()));
                }
            }
        }
        asked.retain(|id| !id.ends_with('('));
        let english: BTreeSet<String> = sentences(&LANGUAGES[0]).into_keys().collect();
        let unknown: Vec<_> = asked.difference(&english).collect();
        let unused: Vec<_> = english.difference(&asked).collect();
        assert!(unknown.is_empty(), "no language has {unknown:?}");
        assert!(unused.is_empty(), "nobody asks for {unused:?}");
    }

    #[test]
    fn the_language_is_the_one_that_was_chosen_or_the_nearest() {
        let tag = |chosen, locale, accepted| LANGUAGES[choose(chosen, locale, accepted)].tag;
        assert_eq!(tag(Some("ur"), Some("hi"), Some("bn")), "ur");
        assert_eq!(tag(Some("xx"), Some("hi-IN"), Some("bn")), "hi");
        assert_eq!(tag(None, Some("fr"), Some("fr-FR, fr;q=0.9, ta;q=0.5, en;q=0.7")), "en");
        assert_eq!(tag(None, None, Some("TE-in,en;q=0.1")), "te");
        assert_eq!(tag(None, None, Some("fr, *;q=0.5")), "en");
        assert_eq!(tag(None, None, Some("hi;q=0, gu;q=nonsense, kn;q=0.1")), "kn");
        assert_eq!(tag(None, None, None), "en");
    }
}
