//! What holds for every route of the description, said once: which problems any route of its kind may answer, that a problem
//! is `application/problem+json`, and that nothing is without words. What is a route's own stands at its handler.

use bridge_app::base::problem::{Code, Problem};
use utoipa::openapi::content::Content;
use utoipa::openapi::example::Example;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::response::Response;
use utoipa::openapi::{OpenApi, Ref, RefOr, Required, Schema};

use super::examples::Examples;
use crate::problem::ProblemBody;
use crate::scopes;

const PROBLEM: &str = "#/components/schemas/Problem";
/// Where the examples of problems stand.
const EXAMPLES: &str = "#/components/examples/";
const PROBLEM_JSON: &str = "application/problem+json";
/// As a request's id looks.
const REQUEST_ID: &str = "5f0c1d2e3a4b5c6d";

/// A problem that every route answers of which something is true.
struct Always {
    of: fn(&Operation) -> bool,
    code: Code,
    words: &'static str,
}

/// The first that is true names the answer; to say one thing more about all routes of a kind, add a line.
const ALWAYS: &[Always] = &[
    Always { of: needs_a_key, code: Code::Unauthorized, words: "the key is missing or wrong" },
    Always { of: needs_a_key, code: Code::Forbidden, words: "the key has not the scope" },
    Always {
        of: takes_a_number,
        code: Code::InvalidRequest,
        words: "a part of the path or the query is wrong",
    },
    Always { of: takes_a_body, code: Code::InvalidRequest, words: "the body cannot be read; see `errors`" },
    Always { of: takes_a_body, code: Code::RequestTimeout, words: "the body did not arrive in time" },
    Always { of: takes_a_body, code: Code::BodyTooLarge, words: "the body is too large" },
    Always { of: takes_a_body, code: Code::UnsupportedMediaType, words: "it is of another type" },
    Always {
        of: takes_a_body,
        code: Code::UnsupportedEncoding,
        words: "it is packed in a way that is not read",
    },
    Always { of: takes_a_key_in_the_query, code: Code::TooManyRequests, words: "too many are open already" },
    Always { of: asks_a_store, code: Code::Unavailable, words: "try again after `Retry-After`" },
];

/// What takes a body and does not need one.
const BODY_MAY_BE_MISSING: &[&str] =
    &["dry_run_settings", "heartbeat", "import_blacklist", "import_sms", "lab_register"];

fn needs_a_key(operation: &Operation) -> bool {
    // One empty requirement among them: the key is a choice.
    let empty = |one: &utoipa::openapi::SecurityRequirement| {
        serde_json::to_value(one).is_ok_and(|one| one.as_object().is_some_and(serde_json::Map::is_empty))
    };
    operation.security.as_ref().is_some_and(|all| !all.is_empty() && !all.iter().any(empty))
}

fn takes_a_number(operation: &Operation) -> bool {
    let parameters = operation.parameters.iter().flatten();
    let mut parameters = parameters.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    });
    parameters.any(|parameter| parameter.parameter_in != ParameterIn::Header)
}

fn takes_a_body(operation: &Operation) -> bool {
    operation.request_body.is_some()
}

/// A key of ours, even where it goes without one.
fn takes_a_key(operation: &Operation) -> bool {
    let schemes = serde_json::to_string(&operation.security).unwrap_or_default();
    schemes.contains("_key") || schemes.contains("admin_token")
}

fn takes_a_key_in_the_query(operation: &Operation) -> bool {
    let schemes = serde_json::to_string(&operation.security).unwrap_or_default();
    schemes.contains("_query")
}

fn asks_a_store(operation: &Operation) -> bool {
    operation.security.as_ref().is_some_and(|all| !all.is_empty())
}

/// Completes the description.
pub(super) fn complete(api: &mut OpenApi) {
    let examples = Examples::of(api);
    api.components.get_or_insert_default().examples.extend(problems());
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            if takes_a_key(operation) {
                says_its_scope(method, path, operation);
            }
            for always in ALWAYS {
                if (always.of)(operation) {
                    answers(operation, always);
                }
            }
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response {
                    finish(status, response, &examples);
                }
            }
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                body.content.values_mut().for_each(|content| examples.show(content));
                let id = operation.operation_id.as_deref();
                let may_be_missing = BODY_MAY_BE_MISSING.iter().any(|missing| id == Some(*missing));
                body.required = Some(if may_be_missing { Required::False } else { Required::True });
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [("GET", get), ("PUT", put), ("POST", post), ("DELETE", delete), ("PATCH", patch)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Says which scope a key of one's own making needs there.
fn says_its_scope(method: &str, path: &str, operation: &mut Operation) {
    // What the edge signs needs no key.
    if path.starts_with("/edge/") {
        return;
    }
    let said = format!("An API key needs the scope `{}`.", scopes::of(method, path).word());
    operation.description = Some(match operation.description.take() {
        Some(words) if !words.is_empty() => format!("{words}\n\n{said}"),
        _ => said,
    });
}

/// Adds the problem, where the route does not name it by itself.
fn answers(operation: &mut Operation, always: &Always) {
    let word = format!("`{}`", always.code.as_str());
    let said = format!("{word}: {}", always.words);
    let status = always.code.status().to_string();
    let answer = operation.responses.responses.entry(status).or_insert_with(|| {
        let mut response = Response::new(String::new());
        response.content.insert(PROBLEM_JSON.to_owned(), RefOr::T(of_problem()));
        RefOr::T(response)
    });
    let RefOr::T(response) = answer else { return };
    if !response.description.contains(&word) {
        if !response.description.is_empty() {
            response.description.push_str("; ");
        }
        response.description.push_str(&said);
    }
}

fn of_problem() -> Content {
    Content::new(Some(RefOr::<Schema>::Ref(Ref::new(PROBLEM))))
}

fn finish(status: &str, response: &mut Response, examples: &Examples) {
    let content = std::mem::take(&mut response.content);
    response.content = content
        .into_iter()
        .map(|(kind, mut content)| {
            if !is_problem(&content) {
                examples.show(&mut content);
                return (kind, content);
            }
            if let RefOr::T(content) = &mut content {
                show_problems(status, &response.description, content);
            }
            (PROBLEM_JSON.to_owned(), content)
        })
        .collect();
    if response.description.is_empty() {
        let shown = response.content.values().find_map(|content| examples.words(content));
        response.description = shown.unwrap_or_else(|| "Done".to_owned());
    }
}

fn is_problem(content: &RefOr<Content>) -> bool {
    matches!(content, RefOr::T(Content { schema: Some(RefOr::Ref(to)), .. }) if to.ref_location == PROBLEM)
}

/// One example for each code that the words name.
fn show_problems(status: &str, words: &str, content: &mut Content) {
    let named = Code::ALL.iter().filter(|code| {
        code.status().to_string() == status && words.contains(&format!("`{}`", code.as_str()))
    });
    for code in named {
        let example = Ref::new(format!("{EXAMPLES}{}", code.as_str()));
        content.examples.insert(code.as_str().to_owned(), RefOr::Ref(example));
    }
}

/// The body of each code, once: hundreds of answers show them.
fn problems() -> impl Iterator<Item = (String, RefOr<Example>)> {
    Code::ALL.iter().map(|code| {
        let body = ProblemBody::of(&Problem::new(*code, code.title()), REQUEST_ID);
        let mut example = Example::new();
        example.value = serde_json::to_value(body).ok();
        (code.as_str().to_owned(), RefOr::T(example))
    })
}
