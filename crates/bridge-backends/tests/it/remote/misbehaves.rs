//! What the client of the data API makes of answers that no PostgREST gives, or not today.

use std::time::Duration;

use bridge_backends::remote::{self, OpenError};
use bridge_store::remote::{Paused, Pushed};

use super::crooked::{Answer, Crooked};
use super::stage::row;

const KEY: &str = "sb_secret_a-key-for-tests";

async fn push(server: &Crooked) -> Result<Vec<Pushed>, Paused> {
    remote::open(&server.url(), Some(KEY)).unwrap().push(&[row("+441", "", 1)]).await
}

#[tokio::test]
async fn every_status_that_blames_no_row_pauses() {
    for status in [
        "301 Moved",
        "401 No",
        "403 No",
        "404 No",
        "405 No",
        "408 Late",
        "410 Gone",
        "418 Tea",
        "425 Early",
        "429 Often",
        "500 Oops",
        "502 Bad",
        "503 Away",
        "504 Late",
        "540 Paused",
    ] {
        let server = Crooked::answering(
            status,
            "location: http://127.0.0.1:1/\r\n",
            "{\"code\":\"X1\",\"message\":\"so\"}",
        );
        let paused = push(&server).await.unwrap_err();
        assert!(paused.reason.contains(&status[..3]), "{status}: {paused}");
        assert_eq!((paused.retry_after, server.requests().len()), (None, 1), "{status}");
    }
}

#[tokio::test]
async fn a_remote_that_asks_to_wait_is_believed() {
    for (headers, seconds) in [
        ("retry-after: 17\r\n", 17),
        ("retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\ndate: Sun, 06 Nov 1994 08:49:07 GMT\r\n", 30),
    ] {
        for status in ["429 Too Many Requests", "503 Unavailable"] {
            let paused = push(&Crooked::answering(status, headers, "")).await.unwrap_err();
            assert_eq!(paused.retry_after, Some(Duration::from_secs(seconds)), "{status} {headers}");
        }
    }
}

#[tokio::test]
async fn whatever_a_remote_answers_tells_its_time() {
    let told = |headers: &'static str| async move {
        let server = Crooked::answering("404 Not Found", headers, "");
        remote::open(&server.url(), Some("key")).unwrap().server_time().await
    };
    let at = told("date: Sun, 06 Nov 1994 08:49:07 GMT\r\n").await;
    assert_eq!(at.map(|at| at.to_string()), Some("1994-11-06T08:49:07Z".to_owned()));
    assert_eq!(told("date: soon\r\n").await, None);
    assert_eq!(told("").await, None);
}

#[tokio::test]
async fn a_remote_that_refuses_everything_blames_no_row() {
    for status in ["400 Bad Request", "409 Conflict", "413 Too Large", "422 Unprocessable"] {
        let server = Crooked::answering(status, "", "{\"message\":\"no batch today\"}");
        let paused = push(&server).await.unwrap_err();
        assert!(paused.reason.contains("no batch today"), "{status}: {paused}");
        assert_eq!(server.requests().len(), 2, "the rows, then none");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_or_is_nonsense_pauses() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";
    for bytes in [
        "",
        "HTTP/1.1 200",
        head,
        &format!("{head}[null"),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\n[null]\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]",
        "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n",
        "\0\u{1}\u{2}\u{3}",
    ] {
        let answer = push(&Crooked::start(Answer::Bytes(bytes.to_owned()))).await;
        assert!(answer.is_err(), "{bytes:?}: {answer:?}");
    }
    // More than any answer to a batch.
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n[{}", "null,".repeat(1 << 20));
    assert!(push(&Crooked::start(Answer::Bytes(endless))).await.unwrap_err().reason.contains("does not end"));
}

#[tokio::test]
async fn a_remote_that_hangs_is_given_up() {
    for bytes in ["", "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n[nu"] {
        let server = Crooked::start(Answer::Hang(bytes.to_owned()));
        let answer = tokio::time::timeout(Duration::from_secs(10), push(&server)).await.expect("within 10 s");
        assert!(answer.unwrap_err().reason.contains("did not answer within 8 s"), "{bytes:?}");
    }
}

#[tokio::test]
async fn the_key_goes_to_the_remote_and_nowhere_else() {
    let server = Crooked::answering("401 No", "", &format!("{{\"message\":\"{KEY} is not a key\"}}"));
    let paused = push(&server).await.unwrap_err();
    assert!(paused.reason.contains("*** is not a key") && !paused.to_string().contains(KEY), "{paused}");
    let request = server.requests().concat();
    assert!(request.starts_with("POST /rest/v1/rpc/push_validated_mobiles HTTP/1.1"), "{request}");
    assert!(request.contains(&format!("apikey: {KEY}\r\n")), "{request}");
    assert!(request.contains(&format!("authorization: Bearer {KEY}\r\n")), "{request}");

    // A redirect is not followed.
    let thief = Crooked::answering("200 OK", "", "[null]");
    let server = Crooked::answering("307 Over There", &format!("location: {}\r\n", thief.url()), "");
    assert!(push(&server).await.unwrap_err().reason.contains("redirects"));
    assert_eq!(thief.requests(), [""; 0]);
}

#[test]
fn what_is_no_remote_is_refused_with_the_reason() {
    let refused = |url: &str, key: Option<&str>| remote::open(url, key).err().map(|why| why.to_string());
    for url in ["", "supabase", "redis://127.0.0.1", "mysql://u@h/d"] {
        assert!(refused(url, None).is_some_and(|why| why.contains("https:// or postgres://")), "{url}");
    }
    let url = "https://project.supabase.co/rest/v1";
    for key in [None, Some(""), Some("  ")] {
        assert!(refused(url, key).is_some_and(|why| why.contains("SMS_BRIDGE_REMOTE_KEY")), "{key:?}");
    }
    assert!(matches!(remote::open(url, Some("a\nb")), Err(OpenError::BadKey)));
    assert_eq!(refused(url, Some("key")), None, "it need not be up");
    assert_eq!(refused("postgres://u:p@db.project.supabase.co:5432/postgres", None), None);
    let missing = refused("postgres://u@h/d?sslmode=verify-full&sslrootcert=/no/such/file", None);
    assert!(missing.is_some_and(|why| why.contains("/no/such/file")));
}
