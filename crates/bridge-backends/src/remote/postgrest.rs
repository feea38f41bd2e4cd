//! The remote as Supabase's data API: PostgREST behind `https://…/rest/v1`, with the service key.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_store::audit::Unsynced;
use bridge_store::remote::{Paused, Pushed, Remote};
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, StatusCode, Url, redirect};
use serde_json::Value;

use super::batch::{self, Failure, Function};
use super::one;
use super::reason::Secret;
use super::{ANSWER_WITHIN, CONNECT_WITHIN, OpenError, RUN_THE_SQL, no_answer};

/// More than any answer to a batch; what is longer is not ours.
const ANSWER_MAX: usize = 4 << 20;
/// The longest that a remote can ask to be left alone.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// A client of the data API.
pub(super) struct Postgrest {
    http: Client,
    function: Url,
    key: Secret,
}

impl Postgrest {
    pub(super) fn open(url: &str, key: Option<&str>) -> Result<Postgrest, OpenError> {
        let function = function_of(url)?;
        let key =
            Secret(key.map(str::trim).filter(|key| !key.is_empty()).ok_or(OpenError::NoKey)?.to_owned());
        let header = |text: String| {
            let mut value = HeaderValue::try_from(text).map_err(|_| OpenError::BadKey)?;
            value.set_sensitive(true);
            Ok::<_, OpenError>(value)
        };
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("apikey"), header(key.0.clone())?);
        headers.insert(reqwest::header::AUTHORIZATION, header(format!("Bearer {}", key.0))?);
        // Fails only if a provider is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .default_headers(headers)
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            // Another host would get the key.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|why| OpenError::Client(why.to_string()))?;
        Ok(Postgrest { http, function, key })
    }

    /// What went wrong on the way, without the URL: it may be longer than the reason.
    fn failed(&self, error: reqwest::Error) -> Failure {
        let what = if error.is_timeout() {
            no_answer()
        } else if error.is_connect() {
            format!("no connection: {}", innermost(&error))
        } else {
            format!("the answer broke off: {}", innermost(&error.without_url()))
        };
        Failure::Paused(Paused::because(self.key.hide_in(&what)))
    }

    /// What an answer that is no success means (D20).
    fn refused(&self, status: StatusCode, headers: &HeaderMap, body: &str) -> Failure {
        let said = self.key.hide_in(&said(body));
        let code = status.as_u16();
        let reason = match code {
            400 | 409 | 413 | 422 => return Failure::Refused(format!("{code} {said}")),
            401 | 403 => {
                format!("it refuses the key ({code} {said}): is it the service key of this project?")
            }
            404 => format!("it does not know the functions of the bridge ({code} {said}): {RUN_THE_SQL}"),
            300..400 => format!("it is somewhere else ({code}): give the URL that it redirects to"),
            _ => format!("{code} {said}"),
        };
        Failure::Paused(Paused { reason: reason.trim_end().to_owned(), retry_after: retry_after(headers) })
    }
}

#[async_trait]
impl Function for Postgrest {
    async fn call(&self, function: &'static str, batch: &str) -> Result<String, Failure> {
        let body = format!("{{\"batch\":{batch}}}");
        // Beside the one that pushes.
        let url = self.function.join(function).unwrap_or_else(|_| self.function.clone());
        let request = self.http.post(url).header("content-type", "application/json").body(body);
        let mut response = request.send().await.map_err(|error| self.failed(error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.failed(error))? {
            body.extend_from_slice(&piece);
            if body.len() > ANSWER_MAX {
                return Err(Failure::Paused(Paused::because("its answer does not end".to_owned())));
            }
        }
        let body = String::from_utf8_lossy(&body);
        if status.is_success() { Ok(body.into_owned()) } else { Err(self.refused(status, &headers, &body)) }
    }
}

#[async_trait]
impl Remote for Postgrest {
    async fn ping(&self) -> Result<(), Paused> {
        batch::ping(self).await
    }

    async fn server_time(&self) -> Option<Timestamp> {
        let answer = self.http.head(self.function.clone()).send().await.ok()?;
        let said = date(answer.headers().get(DATE)?.to_str().ok()?)?;
        let since = said.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok().map(Timestamp)
    }

    async fn push(&self, rows: &[Unsynced]) -> Result<Vec<Pushed>, Paused> {
        batch::push(self, rows).await
    }

    async fn find(&self, mobile: &str) -> Result<Vec<Value>, Paused> {
        one::find(self, mobile).await
    }

    async fn erase(&self, mobile: &str, until: Timestamp) -> Result<u64, Paused> {
        one::erase(self, mobile, until).await
    }
}

/// The address of the function below the base of the API.
fn function_of(url: &str) -> Result<Url, OpenError> {
    let wrong = |why: &'static str| OpenError::Url(why);
    let mut url = Url::parse(url.trim()).map_err(|_| wrong("it is no URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("the key does not belong in the URL: set SMS_BRIDGE_REMOTE_KEY"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it must end with the path, like https://project.supabase.co/rest/v1"));
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it names no host"))?;
    if url.scheme() == "http" && !is_near(host) {
        return Err(wrong("the key would travel unencrypted: use https"));
    }
    if host.ends_with(".supabase.co") && url.path() == "/" {
        return Err(wrong("the data API of Supabase is at https://project.supabase.co/rest/v1"));
    }
    let path = format!("{}/rpc/push_validated_mobiles", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

/// This machine, its private network, or a container by its name.
fn is_near(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        Err(_) => !host.contains('.'),
    }
}

/// Code and message of PostgREST's error, or the body as it is. Not its details: those quote the row.
fn said(body: &str) -> String {
    let Ok(Value::Object(error)) = serde_json::from_str(body) else { return body.to_owned() };
    let words: Vec<&str> = ["code", "message"].iter().filter_map(|key| error.get(*key)?.as_str()).collect();
    words.join(" ")
}

/// `Retry-After` in seconds, or as a date, which is compared with the remote's own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => date(text)?.duration_since(date(headers.get(DATE)?.to_str().ok()?)?).unwrap_or_default(),
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

fn date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

fn innermost(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_the_base_of_the_api() {
        for (url, function) in [
            ("https://a.supabase.co/rest/v1", "https://a.supabase.co/rest/v1/rpc/push_validated_mobiles"),
            (" https://a.supabase.co/rest/v1/ ", "https://a.supabase.co/rest/v1/rpc/push_validated_mobiles"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000/rpc/push_validated_mobiles"),
            ("http://[::1]:3000", "http://[::1]:3000/rpc/push_validated_mobiles"),
            ("http://rest:3000", "http://rest:3000/rpc/push_validated_mobiles"),
        ] {
            assert_eq!(function_of(url).unwrap().as_str(), function);
        }
        for (url, word) in [
            ("https://", "no URL"),
            ("https://a.supabase.co", "/rest/v1"),
            ("http://a.supabase.co/rest/v1", "https"),
            ("https://user:pass@a.example/rest/v1", "SMS_BRIDGE_REMOTE_KEY"),
            ("https://a.example/rest/v1?apikey=x", "end with the path"),
        ] {
            let error = function_of(url).unwrap_err().to_string();
            assert!(error.contains(word), "{url}: {error}");
            assert!(!error.contains("pass@"), "{error}");
        }
    }

    #[test]
    fn retry_after_is_read_in_both_forms_and_bounded() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let header = |(name, value): &(&'static str, &'static str)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            pairs.iter().map(header).collect::<HeaderMap>()
        };
        let (now, later) =
            (("date", "Sun, 06 Nov 1994 08:49:07 GMT"), ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"));
        for (given, seconds) in [
            (headers(&[("retry-after", "7")]), Some(7)),
            (headers(&[("retry-after", "999999999")]), Some(3600)),
            (headers(&[now, later]), Some(30)),
            (headers(&[("date", "Sun, 06 Nov 1994 09:49:07 GMT"), later]), Some(0)),
            (headers(&[later]), None),
            (headers(&[("retry-after", "soon")]), None),
            (headers(&[]), None),
        ] {
            assert_eq!(retry_after(&given), seconds.map(Duration::from_secs), "{given:?}");
        }
    }
}
