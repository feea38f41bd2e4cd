//! A phone's own list of SMS, read from the phone: SMSGate's local server answers `GET /inbox`, newest first. It is read in
//! spans of time so short that each is one page: so SMS come in order, and no more than a page is in memory, whatever the
//! phone claims to have. What becomes of its rows is [`super::import`]; when it is read is decided by [`crate::workers`] or
//! the operator.

use std::sync::Arc;
use std::time::Duration;

use bridge_core::time::DAY;
use bridge_core::{Span, Timestamp};
use bridge_formats::Unusable;
use bridge_formats::export::{Kind, Row, Rows};
use reqwest::{StatusCode, Url, redirect};

use crate::base::deadline::{PHONE_ANSWERS, PHONE_CONNECTS};
use crate::bridge::App;
use crate::sms::import::{Import, Stopped};
use crate::sms::import_report::Report;
use crate::sms::quarantine::Credentials;
use crate::state::receivers::{KnownReceiver, ReceiverIdentity};

/// What it serves at most in one answer.
const PAGE: usize = 500;
/// Pages of one millisecond, which cannot be halved. A phone does not receive more.
const PAGES_A_MOMENT_MAX: usize = 4;
/// Of one page. It is all that a list has in memory.
const PAGE_MAX_BYTES: usize = 8 * 1024 * 1024;
/// Questions for one list: years of SMS take a few thousand.
const QUESTIONS_MAX: usize = 20_000;
/// A list of years is read in steps of a day; one that claims to be older than SMSGate is not.
const DAYS_MAX: i64 = 3_650;

/// Why a phone's list could not be read. What was read before was taken in.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// It has no list.
    #[error("this receiver has no inbox_url: set it to where SMSGate's local server answers")]
    NoInbox,
    /// The address is none.
    #[error("its inbox_url is no address: set it like http://user:password@192.168.1.5:8080")]
    Address,
    /// The phone does not answer.
    #[error(
        "the phone does not answer: is it on, in this network, and SMSGate's local server running? ({0})"
    )]
    Away(#[source] reqwest::Error),
    /// User or password is wrong.
    #[error(
        "the phone refuses: set inbox_url with the user and password that SMSGate shows for its local server"
    )]
    Refused,
    /// It answers something else.
    #[error("the phone answers {0}: the list needs SMSGate 1.59.0 or later in local mode")]
    Status(StatusCode),
    /// It answers no list.
    #[error("what the phone answers is no list of SMS: {0}")]
    NoList(String),
    /// More than a phone receives.
    #[error("the phone's list does not end")]
    Endless,
    /// An SMS is larger than any.
    #[error("the phone's list holds more than {} MiB in a moment", PAGE_MAX_BYTES >> 20)]
    TooLarge,
    /// The import stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl From<Unusable> for InboxError {
    fn from(unusable: Unusable) -> InboxError {
        InboxError::NoList(unusable.reason())
    }
}

impl From<reqwest::Error> for InboxError {
    /// Without the address: there is a password in it.
    fn from(error: reqwest::Error) -> InboxError {
        InboxError::Away(error.without_url())
    }
}

/// Reads what the phone received since then, and takes in what the bridge has not.
pub async fn pull(app: &App, known: &Arc<KnownReceiver>, since: Timestamp) -> Result<Report, InboxError> {
    let inbox = Inbox::of(known, PHONE_ANSWERS)?;
    let import = Import::begin(app, ReceiverIdentity::Named(known.clone()), false).await?;
    let mut import =
        import.came_with(Credentials(inbox.url.password().map(str::to_owned).into_iter().collect()));
    let now = app.clock.now();
    let mut from = since.max(Timestamp(now.0 - DAYS_MAX * DAY.0));
    let mut span = DAY;
    for _ in 0..QUESTIONS_MAX {
        if from > now {
            return Ok(import.finish(app).await?);
        }
        let to = (from + span).min(now);
        match inbox.between(from, to).await? {
            Page::Whole(rows) => {
                for row in rows {
                    import.take(app, row).await?;
                }
                from = to + Span(1);
                span = Span((2 * span.0).clamp(1, DAY.0));
            }
            Page::Full => span = Span((to - from).0 / 2),
        }
    }
    Err(InboxError::Endless)
}

/// What a phone has of a span of time.
#[derive(Debug)]
enum Page {
    /// All of it, oldest first.
    Whole(Vec<Row>),
    /// More than a page.
    Full,
}

/// The local server of one phone, which has the list.
struct Inbox {
    http: reqwest::Client,
    url: Url,
}

impl Inbox {
    fn of(known: &KnownReceiver, answered_within: Duration) -> Result<Inbox, InboxError> {
        let text = known.row.inbox_url.as_deref().ok_or(InboxError::NoInbox)?;
        let mut url = Url::parse(text).map_err(|_| InboxError::Address)?;
        let given = url.path().trim_end_matches('/').to_owned();
        url.set_path(&if given.ends_with("/inbox") { given } else { format!("{given}/inbox") });
        // Fails only if a provider is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(PHONE_CONNECTS)
            .timeout(answered_within)
            .redirect(redirect::Policy::none())
            // A phone closes a connection whenever it likes: the next question must not find that out.
            .pool_max_idle_per_host(0)
            .no_proxy()
            .build()?;
        Ok(Inbox { http, url })
    }

    /// What was received from then until then.
    async fn between(&self, from: Timestamp, to: Timestamp) -> Result<Page, InboxError> {
        let mut all: Vec<Row> = Vec::new();
        for page in 0..PAGES_A_MOMENT_MAX {
            let (rows, total) = match self.page(from, to, page * PAGE).await {
                Err(InboxError::TooLarge) if from < to => return Ok(Page::Full),
                answer => answer?,
            };
            let length = rows.len();
            all.extend(rows);
            if length == 0 || total.map_or(length < PAGE, |total| (page + 1) * PAGE >= total) {
                all.reverse();
                return Ok(Page::Whole(all));
            }
            if from < to {
                return Ok(Page::Full);
            }
        }
        Err(InboxError::Endless)
    }

    /// One page, and how many SMS there are in all, where the phone says so.
    async fn page(
        &self,
        from: Timestamp,
        to: Timestamp,
        offset: usize,
    ) -> Result<(Vec<Row>, Option<usize>), InboxError> {
        let mut url = self.url.clone();
        url.query_pairs_mut()
            .append_pair("type", "SMS")
            .append_pair("from", &from.to_rfc3339_millis())
            .append_pair("to", &to.to_rfc3339_millis())
            .append_pair("limit", &PAGE.to_string())
            .append_pair("offset", &offset.to_string());
        let mut response = self.http.get(url).send().await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(InboxError::Refused),
            other => return Err(InboxError::Status(other)),
        }
        let total =
            response.headers().get("x-total-count").and_then(|value| value.to_str().ok()?.parse().ok());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > PAGE_MAX_BYTES {
                return Err(InboxError::TooLarge);
            }
        }
        // Whole, or nothing of it: half a page would look like a short one.
        let whole = serde_json::from_slice::<Vec<serde::de::IgnoredAny>>(&body);
        whole.map_err(|error| InboxError::NoList(error.to_string()))?;
        let mut rows = Rows::new(Some(Kind::Json));
        rows.push(&body);
        rows.end();
        let mut page = Vec::new();
        while let Some(row) = rows.next_row()? {
            page.push(row);
        }
        Ok((page, total))
    }
}

#[cfg(test)]
mod tests {
    use bridge_store::audit::Receiver;

    use super::*;

    #[tokio::test]
    async fn a_phone_that_takes_the_request_and_says_nothing_is_left_alone() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let known = KnownReceiver::new(Receiver {
            name: "hall".into(),
            format: "smsgate".into(),
            numbers: Vec::new(),
            secrets: Vec::new(),
            signing_keys: Vec::new(),
            inbox_url: Some(format!("http://user:password@{address}")),
            number_style: None,
            time_zone: None,
            expected_every_seconds: None,
            paused: false,
            added_at: Timestamp(0),
            revoked_at: None,
        });
        // The kernel takes the connection; nobody ever answers on it.
        let inbox = Inbox::of(&known, Duration::from_millis(100)).unwrap();
        let error = inbox.between(Timestamp(0), Timestamp(1_000)).await.unwrap_err();
        assert!(matches!(error, InboxError::Away(_)), "{error}");
        assert!(!error.to_string().contains("password"), "{error}");
        drop(listener);
    }
}
