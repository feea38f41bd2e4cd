//! Who may ask: bearer secrets in constant time, and the token that opens one onboarding (D35, D36). An
//! address is never a credential: behind a tunnel every stranger looks local.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge_core::Timestamp;
use bridge_formats::{Format, Incoming, Signing, Unsigned, generic};
use bridge_store::audit::Scope;
use utoipa::Modify;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use uuid::Uuid;

use crate::client;
use crate::problem::Failed;
use crate::scopes;
use crate::state::Shared;
use bridge_app::admin_log::Actor;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::keys::Key;
use bridge_app::sms::quarantine::Credentials;
use bridge_app::state::bodies::Sender;
use bridge_app::state::open_requests::OpenRequest;
use bridge_app::state::places::Who;
use bridge_app::state::receivers::{DEFAULT, KnownReceiver, ReceiverIdentity};

/// The security schemes of the API's description.
pub(super) struct Schemes;

impl Modify for Schemes {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let bearer = |description: &str| {
            SecurityScheme::Http(
                HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build(),
            )
        };
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("api_key", bearer("The app's key, `SMS_BRIDGE_API_KEY`"));
        components.add_security_scheme("onboarding_token", bearer("The token of one onboarding"));
        components
            .add_security_scheme("receiver_key", bearer("The receiver's key, `SMS_BRIDGE_RECEIVER_KEY`"));
        components
            .add_security_scheme("admin_token", bearer("The operator's token, `SMS_BRIDGE_ADMIN_TOKEN`"));
        let query =
            |name, about| SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::with_description(name, about)));
        components.add_security_scheme(
            "onboarding_token_query",
            query("token", "Where a browser cannot set headers"),
        );
        components.add_security_scheme(
            "receiver_key_query",
            query("apiKey", "Where a phone app cannot set headers"),
        );
    }
}

/// The secret of an `Authorization: Bearer` header.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// The password of Basic authentication, whatever the user name.
fn basic(headers: &HeaderMap) -> Option<String> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

/// The value of a query parameter.
pub fn query_value(query: Option<&str>, name: &str) -> Option<String> {
    form_urlencoded::parse(query?.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Whose key opens that, or why none does.
fn holder(app: &Shared, parts: &Parts, scope: Scope, what: &str) -> Result<String, Problem> {
    key_of(app, &parts.headers, scope).map_err(|other| other.map_or_else(|| refuse(app, what), not_this))
}

/// Whose key opens that, or what the key opens that it came with.
fn key_of(app: &Shared, headers: &HeaderMap, scope: Scope) -> Result<String, Option<NotThis>> {
    match bearer(headers).map_or(Key::Unknown, |secret| app.key(scope, secret)) {
        Key::Opens(who) => Ok(who),
        Key::OpensOther(name, scopes) => Err(Some(NotThis { name, scopes, needed: scope })),
        Key::Unknown => Err(None),
    }
}

/// A key of ours that opens other things.
struct NotThis {
    name: String,
    scopes: Vec<Scope>,
    needed: Scope,
}

fn not_this(NotThis { name, scopes, needed }: NotThis) -> Problem {
    let words: Vec<&str> = scopes.into_iter().map(Scope::word).collect();
    let (has, needed) = (words.join(", "), needed.word());
    let detail = format!("the API key \"{name}\" has {has}, and this needs the scope {needed}");
    Problem::new(Code::Forbidden, detail)
}

fn refuse(app: &Shared, what: &str) -> Problem {
    app.metrics.wrong_secret_total.inc();
    Problem::new(Code::Unauthorized, format!("send Authorization: Bearer with {what}"))
}

/// An app with the API key.
pub struct AppKey;

impl<S: Send + Sync> FromRequestParts<S> for AppKey
where
    Shared: FromRef<S>,
{
    type Rejection = Failed;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<AppKey, Failed> {
        let app = &Shared::from_ref(state);
        holder(app, parts, scopes::needed(parts), "the API key")?;
        client::is(parts, Who::App);
        Ok(AppKey)
    }
}

/// An operator: somebody with the admin token, or a key for all that it opens.
pub struct Operator(pub Actor);

impl<S: Send + Sync> FromRequestParts<S> for Operator
where
    Shared: FromRef<S>,
{
    type Rejection = Failed;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Operator, Failed> {
        let app = &Shared::from_ref(state);
        let who = holder(app, parts, Scope::Admin, "the admin token")?;
        client::is(parts, Who::Operator(&who));
        Ok(Operator(Actor { who, address: client::address(app, parts) }))
    }
}

/// The operator, where the admin token or a key like it comes with it.
pub(super) fn operator(app: &Shared, parts: &Parts) -> Option<Actor> {
    let who = app.key(Scope::Admin, bearer(&parts.headers)?).holder()?;
    client::is(parts, Who::Operator(&who));
    Some(Actor { who, address: client::address(app, parts) })
}

/// Anyone with some key of ours, or nobody: for answers that tell more to those who belong here.
pub struct MaybeKnown(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for MaybeKnown
where
    Shared: FromRef<S>,
{
    type Rejection = Failed;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<MaybeKnown, Failed> {
        let app = &Shared::from_ref(state);
        let operator = operator(app, parts).is_some();
        let scope = scopes::needed(parts);
        Ok(MaybeKnown(operator || bearer(&parts.headers).is_some_and(|secret| app.opens(scope, secret))))
    }
}

/// May this request see that onboarding? With the API key, or with the onboarding's own token, of which only a few
/// requests may be open: this is one, until what is answered is dropped.
pub(super) fn onboarding(app: &Shared, parts: &Parts, id: Uuid) -> Result<Option<OpenRequest>, Problem> {
    let query = query_value(parts.uri.query(), "token");
    let header = bearer(&parts.headers);
    let Err(other) = key_of(app, &parts.headers, scopes::needed(parts)) else {
        client::is(parts, Who::App);
        return Ok(None);
    };
    if header.or(query.as_deref()).is_some_and(|token| app.secrets.is_onboarding_token(id, token)) {
        return app.open_requests.begin(Some(id), client::behind_a_proxy(app, parts)).map(Some);
    }
    let refused = || refuse(app, "the API key or this onboarding's token");
    Err(other.map_or_else(refused, not_this))
}

/// What headers and query alone say of who delivers, before a byte of the body is read.
pub(super) struct AtTheDoor {
    /// Known: their secret is right. A stranger: secret or signature may be in the body.
    pub(super) sender: Sender,
    /// A stranger's address may have only so many open.
    _open: Option<OpenRequest>,
}

impl AtTheDoor {
    const KNOWN: AtTheDoor = AtTheDoor { sender: Sender::Known, _open: None };
    /// Refused, but for that the edge may have kept it: then it was acknowledged, and must be kept here too.
    pub(super) const PERHAPS_KEPT: AtTheDoor = AtTheDoor { sender: Sender::Stranger, _open: None };
}

/// Looks at headers and query alone. Refuses at once whoever [`receiver`] would refuse whatever their body holds.
pub(super) fn at_the_door(
    app: &Shared,
    parts: &Parts,
    named: Option<&'static Format>,
) -> Result<AtTheDoor, Problem> {
    let incoming = Incoming::new(&parts.method, &parts.uri, &parts.headers, &[]);
    let given = [bearer(&parts.headers).map(str::to_owned), basic(&parts.headers), incoming.query("apiKey")];
    let secrets = || given.iter().flatten();
    let claimed = incoming.query("receiver").and_then(|name| app.receivers.named(&name));
    let by_secret = || secrets().find_map(|secret| app.receivers.with_secret(secret));
    let may_be_in_the_body = secrets().next().is_none() && named.is_none_or(|format| format.secret.is_some());
    let perhaps = match claimed.or_else(by_secret) {
        Some(known) if secrets().any(|secret| known.accepts(secret)) => {
            client::is(parts, Who::Receiver(&known.row.name));
            return Ok(AtTheDoor::KNOWN);
        }
        Some(known) => known.must_sign() || may_be_in_the_body,
        None if secrets().any(|secret| app.opens(Scope::Receive, secret)) => {
            client::is(parts, Who::Receiver(DEFAULT));
            return Ok(AtTheDoor::KNOWN);
        }
        None => {
            let of_this_format = |known: &KnownReceiver| named.is_none_or(|own| known.row.format == own.name);
            may_be_in_the_body
                || app.receivers.live().iter().any(|known| known.must_sign() && of_this_format(known))
        }
    };
    // All of a GET is in its query.
    if perhaps || parts.method == Method::GET {
        let open = app.open_requests.begin(None, client::behind_a_proxy(app, parts))?;
        return Ok(AtTheDoor { sender: Sender::Stranger, _open: Some(open) });
    }
    let from = client::address(app, parts);
    receiver(app, &incoming, named.unwrap_or(&generic::FORMAT), Purpose::Deliver, from)
        .map(|_| AtTheDoor::KNOWN)
}

/// What a receiver is let in for: a signature for the one is none for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To deliver, or to say that it lives. It signs the whole request.
    Deliver,
    /// To hand in its list of SMS, which is longer than what a signature is made of: whoever signs cannot.
    Import,
}

/// Which receiver delivers: the one whose secret comes as bearer, Basic password, `?apiKey=` or in the body, or whose
/// signature it is. One that has a signing key must sign, whatever secret it sends.
pub(super) fn receiver(
    app: &Shared,
    incoming: &Incoming<'_>,
    format: &Format,
    purpose: Purpose,
    from: Option<IpAddr>,
) -> Result<ReceiverIdentity, Problem> {
    receiver_at(app, incoming, format, purpose, from, app.clock.now())
}

/// The same of what arrived at that time, which is when its signature must have been fresh: an edge may have kept it.
pub(super) fn receiver_at(
    app: &Shared,
    incoming: &Incoming<'_>,
    format: &Format,
    purpose: Purpose,
    from: Option<IpAddr>,
    now: Timestamp,
) -> Result<ReceiverIdentity, Problem> {
    let given = secrets_given(incoming, format);
    let secrets = || given.iter().flatten();
    let claimed = incoming.query("receiver").and_then(|name| app.receivers.named(&name));
    let by_secret = || secrets().find_map(|secret| app.receivers.with_secret(secret));
    let candidates: Vec<Arc<KnownReceiver>> = match claimed.clone().or_else(by_secret) {
        Some(known) => vec![known],
        None if secrets().any(|secret| app.opens(Scope::Receive, secret)) => {
            return Ok(ReceiverIdentity::Default);
        }
        None if purpose == Purpose::Import => Vec::new(),
        // No receiver is named: any receiver of this format that signs may have signed this.
        None => app
            .receivers
            .live()
            .into_iter()
            .filter(|k| k.must_sign() && k.row.format == format.name)
            .collect(),
    };
    let urls = signed_urls(app, incoming);
    let mut refused = Refused::Secret;
    for known in &candidates {
        if !known.must_sign() {
            if secrets().any(|secret| known.accepts(secret)) {
                return Ok(ReceiverIdentity::Named(known.clone()));
            }
            continue;
        }
        if purpose == Purpose::Import {
            let name = &known.row.name;
            let detail = format!(
                "{name} signs what it delivers, and a list cannot be signed: hand it in with the admin token and ?receiver={name}"
            );
            return Err(Problem::new(Code::Unauthorized, detail));
        }
        let signing = Signing {
            keys: &known.row.signing_keys,
            now,
            any_time: !app.clock_watch.is_right(),
            urls: &urls,
        };
        // As its own format signs, whatever the route says: a signature of one scheme is never read as another's.
        match known.format.and_then(|own| own.verify).map(|verify| verify(incoming, &signing)) {
            Some(Ok(())) => return Ok(ReceiverIdentity::Named(known.clone())),
            Some(Err(why)) => refused = Refused::Signature(why),
            None => refused = Refused::Signature(Unsigned::Missing),
        }
    }
    let has_secret = secrets().next().is_some();
    let tried = has_secret || matches!(refused, Refused::Signature(_));
    blame(app, claimed.as_deref(), format, (tried, has_secret), from, now);
    app.metrics.wrong_secret_total.inc();
    Err(Problem::new(Code::Unauthorized, refused.detail()))
}

/// Only where a receiver is named somebody can know whose secret is wrong.
fn blame(
    app: &Shared,
    claimed: Option<&KnownReceiver>,
    format: &Format,
    (tried, has_secret): (bool, bool),
    from: Option<IpAddr>,
    now: Timestamp,
) {
    if let Some(known) = claimed {
        return app.receivers.seen().wrong_secret(&known.row.name, now);
    }
    if tried {
        app.strangers.came(format.name, from, now);
    }
    if has_secret {
        app.receivers.seen().wrong_secret(DEFAULT, now);
    }
}

/// That nobody is known whose secret or signature it might be.
pub(super) fn nobody(app: &Shared) -> Problem {
    app.metrics.wrong_secret_total.inc();
    Problem::new(Code::Unauthorized, Refused::Secret.detail())
}

/// Every secret that a receiver's request may have come with, in the order of the places.
fn secrets_given(incoming: &Incoming<'_>, format: &Format) -> [Option<String>; 4] {
    [
        bearer(incoming.headers).map(str::to_owned),
        basic(incoming.headers),
        incoming.query("apiKey"),
        format.secret.and_then(|secret| secret(incoming)),
    ]
}

/// The secrets of a request that was not let in, which may not be kept either.
pub(super) fn credentials_of_nobody(incoming: &Incoming<'_>, format: &Format) -> Credentials {
    Credentials(secrets_given(incoming, format).into_iter().flatten().collect())
}

/// What may not be kept of a request that was let in: the secrets that it came with and the keys that sign for its sender.
pub(super) fn credentials(
    incoming: &Incoming<'_>,
    format: &Format,
    sender: &ReceiverIdentity,
) -> Credentials {
    let keys = sender.signing_keys().iter().cloned();
    Credentials(secrets_given(incoming, format).into_iter().flatten().chain(keys).collect())
}

enum Refused {
    Secret,
    Signature(Unsigned),
}

impl Refused {
    fn detail(&self) -> &'static str {
        match self {
            Refused::Secret => {
                "send the receiver's secret: Authorization: Bearer, a Basic password, ?apiKey= or a field secret"
            }
            Refused::Signature(Unsigned::Missing) => {
                "this receiver must sign what it delivers, as its format does"
            }
            Refused::Signature(Unsigned::Wrong) => {
                "the signature is another: is it the signing key of this receiver?"
            }
            Refused::Signature(Unsigned::Stale) => {
                "it was signed more than five minutes ago, or in the future: is the sender's clock right?"
            }
        }
    }
}

/// Under what URL a receiver calls that path, as far as it is known here.
pub(super) fn own_url(app: &Shared, path: &str) -> String {
    let address = || format!("http://{}", app.address.get().map(ToString::to_string).unwrap_or_default());
    let base = app.options.public_url.clone().unwrap_or_else(address);
    format!("{}{path}", base.trim_end_matches('/'))
}

/// Under what URLs the sender may have called: behind a proxy the bridge sees another one than was signed.
fn signed_urls(app: &Shared, incoming: &Incoming<'_>) -> Vec<String> {
    let path = incoming.uri.path_and_query().map_or("/", |path| path.as_str());
    // What a request says of its own address may be anybody's: it counts only where nobody told the right one.
    if let Some(public) = &app.options.public_url {
        return vec![format!("{}{path}", public.trim_end_matches('/'))];
    }
    let mut urls = Vec::new();
    for host in ["x-forwarded-host", "host"].into_iter().filter_map(|name| incoming.header(name)) {
        urls.extend(["https", "http"].map(|scheme| format!("{scheme}://{host}{path}")));
    }
    urls
}
