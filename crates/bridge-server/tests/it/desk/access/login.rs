//! Logging in: what a wrong password brings, what the cookie is like, and whom a form is taken from.

use std::sync::Arc;

use axum::http::header;
use bridge_app::base::clock::Clock;
use bridge_core::Span;
use reqwest::{Method, StatusCode};

use crate::desk::visitor::{PASSWORD, Visitor, encoded, token_in};
use crate::harness::{ADMIN_TOKEN, Answer, Bridge, NOON};

#[tokio::test]
async fn too_many_tries_must_wait() {
    let bridge = Bridge::start().await;
    Visitor::owner(&bridge).await;
    let mut thief = Visitor::new(&bridge);
    for name in ["olga", "nobody"] {
        for n in 0..10 {
            let answer = thief.log_in(name, &format!("wrong password {n}")).await;
            assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, "unauthorized"));
            assert_eq!(answer.body["errors"][0]["field"], "password", "the same whether there is one or not");
        }
        let answer = thief.log_in(name, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "also with the right one");
        assert_eq!(answer.headers[header::RETRY_AFTER], "60");
        assert!(answer.text("detail").contains("60 seconds"));
    }
    let page = thief.send_form("/admin/login", &[("name", "olga"), ("password", PASSWORD)]).await;
    assert_eq!(
        (page.status, &page.headers[header::RETRY_AFTER]),
        (StatusCode::TOO_MANY_REQUESTS, &"60".parse().unwrap())
    );
    assert!(page.body.as_str().unwrap().contains("60 seconds"), "{}", page.body);
    bridge.clock.advance(Span(60_000));
    assert_eq!(thief.log_in("olga", PASSWORD).await.status, StatusCode::OK);
    bridge.stop().await;
}

#[tokio::test]
async fn strangers_who_try_lock_nobody_out_who_was_there_before() {
    let bridge = Bridge::start().await;
    let mut owner = Visitor::owner(&bridge).await;
    let known = |answer: &Answer| {
        let cookies = answer.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
        cookies.map(str::to_owned).find(|cookie| cookie.starts_with("sms_bridge_browser=")).unwrap()
    };
    let cookie = known(&owner.log_in("olga", PASSWORD).await);
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Max-Age=15552000"), "{cookie}");
    assert!(!cookie.contains("olga"));
    // Who is right never counts.
    for _ in 0..12 {
        assert_eq!(owner.log_in("olga", PASSWORD).await.status, StatusCode::OK);
    }
    let link = bridge.request(Method::POST, "/admin/accounts/olga/link").bearer_auth(ADMIN_TOKEN);
    let link = bridge.send(link).await;
    let mut thief = Visitor::new(&bridge);
    for n in 0..40 {
        thief.log_in("olga", &format!("wrong password {n}")).await;
    }
    assert_eq!(thief.log_in("olga", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
    let kept = cookie.split(';').next().unwrap().to_owned();
    let mut home = Visitor::with_cookie(&bridge, Some(kept.clone()));
    for n in 0..3 {
        assert_eq!(home.log_in("olga", &format!("a slip {n}")).await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        home.log_in("olga", PASSWORD).await.status,
        StatusCode::OK,
        "from the browser that was there before"
    );
    for forged in [format!("{kept}0"), "sms_bridge_browser=0.0".to_owned()] {
        let mut forger = Visitor::with_cookie(&bridge, Some(forged.clone()));
        let answer = forger.log_in("olga", PASSWORD).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{forged}");
    }
    // It opens nothing by itself, and a link is no password.
    assert_eq!(
        Visitor::with_cookie(&bridge, Some(kept)).open("/admin/ui/me").await.status,
        StatusCode::SEE_OTHER
    );
    let token = token_in(&link.body.to_string());
    let fields = [("token", &*token), ("password", PASSWORD), ("again", PASSWORD)];
    let answer = Visitor::new(&bridge).submit("/admin/reset", &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    bridge.stop().await;
}

#[tokio::test]
async fn whoever_logs_in_gets_where_they_wanted() {
    let bridge = Bridge::start().await;
    Visitor::owner(&bridge).await;
    let mut visitor = Visitor::new(&bridge);
    let turned_away = visitor.open("/admin/ui/log?who=olga&action=x").await;
    assert_eq!(turned_away.status, StatusCode::SEE_OTHER);
    let login = turned_away.headers[header::LOCATION].to_str().unwrap().to_owned();
    assert_eq!(login, "/admin/login?next=%2Fadmin%2Fui%2Flog%3Fwho%3Dolga%26action%3Dx");
    let page = visitor.open(&login).await;
    assert!(page.body.as_str().unwrap().contains("value=\"/admin/ui/log?who=olga&"), "{}", page.body);
    for (next, to) in
        [("/admin/ui/log?who=olga", "/admin/ui/log?who=olga"), ("https://evil.example", "/admin")]
    {
        let fields = [("name", "olga"), ("password", PASSWORD), ("next", next)];
        let answer = visitor.submit("/admin/login", &fields).await;
        assert_eq!(answer.body["go"], to, "{}", answer.body);
        let answer = visitor.send_form("/admin/login", &fields).await;
        assert_eq!(
            (answer.status, answer.headers[header::LOCATION].to_str().unwrap()),
            (StatusCode::SEE_OTHER, to)
        );
        visitor.keep_cookie(&answer);
        assert_eq!(visitor.open("/admin/ui/log").await.status, StatusCode::OK, "without scripts too");
        visitor.cookie = None;
    }
    bridge.stop().await;
}

#[tokio::test]
async fn a_cookie_is_for_this_host_alone() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let flags = ["--public-url", "https://sms.example.org", "--trusted-proxies", "127.0.0.0/8"];
    let bridge = Bridge::start_on(folder, Clock::standing_at(NOON), &flags).await;
    Visitor::owner(&bridge).await;
    let visitor = Visitor::new(&bridge);
    let set = async |headers: &[(&'static str, &str)]| {
        let mut request = visitor.request(Method::POST, "/admin/login");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = encoded(request, &[("name", "olga"), ("password", PASSWORD)]);
        let answer = visitor.answer(request).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        (name.to_owned(), value.to_owned(), attributes.to_owned())
    };
    let plain = ("sms_bridge_session".to_owned(), "Path=/; HttpOnly; SameSite=Strict".to_owned());
    let secure =
        ("__Host-sms_bridge_session".to_owned(), "Path=/; HttpOnly; SameSite=Strict; Secure".to_owned());
    let mut ids = Vec::new();
    for (headers, expected) in [
        (&[][..], &plain),
        (&[("x-forwarded-proto", "https")][..], &secure),
        (&[("x-forwarded-proto", "http")][..], &plain),
        (&[("host", "sms.example.org")][..], &secure),
        (&[("host", "other.example.org")][..], &plain),
    ] {
        let (name, id, attributes) = set(headers).await;
        assert_eq!((&name, &attributes), (&expected.0, &expected.1), "{headers:?}");
        assert_eq!(id.len(), 64);
        ids.push((name, id));
    }
    // A cookie that anybody on the way could have set is not the one that TLS protects.
    let (_, id) = &ids[1];
    for (name, proto, status) in [
        ("__Host-sms_bridge_session", "https", StatusCode::OK),
        ("sms_bridge_session", "https", StatusCode::UNAUTHORIZED),
        ("__Host-sms_bridge_session", "http", StatusCode::UNAUTHORIZED),
    ] {
        let request = visitor.request(Method::GET, "/admin/ui/log").header("x-forwarded-proto", proto);
        let answer = visitor.answer(request.header(header::COOKIE, format!("a=b; {name}={id}"))).await;
        assert_eq!(answer.status, status, "{name} {proto}");
    }
    let stored = bridge.stores.audit.sessions(NOON).await.unwrap();
    assert!(stored.iter().all(|session| ids.iter().all(|(_, id)| session.id_hash != *id)), "hashed at rest");
    bridge.stop().await;
}

#[tokio::test]
async fn what_another_site_sends_is_refused() {
    let bridge = Bridge::start().await;
    let mut owner = Visitor::owner(&bridge).await;
    let host = bridge.url.strip_prefix("http://").unwrap().to_owned();
    let ours = format!("http://{host}");
    for path in ["/admin/login", "/admin/ui/accounts/end"] {
        for (name, value, refused) in [
            ("sec-fetch-site", "cross-site", true),
            ("sec-fetch-site", "same-site", true),
            ("sec-fetch-site", "same-origin", false),
            ("sec-fetch-site", "none", false),
            ("origin", "https://evil.example", true),
            ("origin", "null", true),
            ("origin", &*ours, false),
        ] {
            let request = owner.request(Method::POST, path).header(name, value);
            let request = request.header("x-csrf-token", &owner.csrf);
            let answer = owner.answer(encoded(request, &[("name", "olga"), ("password", "x")])).await;
            assert_eq!(
                answer.status == StatusCode::FORBIDDEN,
                refused,
                "{path} {name}: {value} {}",
                answer.body
            );
            if path.ends_with("end") && !refused {
                owner.cookie = None;
                owner.csrf.clear();
                owner.log_in("olga", PASSWORD).await;
            }
        }
    }
    bridge.stop().await;
}

#[tokio::test]
async fn a_form_must_carry_the_token_of_its_session() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let other = Visitor::with_role(&bridge, &owner, "oscar", "owner").await;
    let fields = [("name", "oscar"), ("role", "owner"), ("may_log_in", "yes")];
    let long = format!("{}0", owner.csrf);
    for csrf in ["", "wrong", &*other.csrf, &owner.csrf[1..], &*long] {
        let mut request = owner.request(Method::POST, "/admin/ui/accounts/change");
        request = request.header("x-csrf-token", csrf);
        let answer = owner.answer(encoded(request, &fields)).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::FORBIDDEN, "forbidden"), "{csrf:?}");
        let with: Vec<_> = fields.into_iter().chain([("csrf", csrf)]).collect();
        let request = owner.request(Method::POST, "/admin/ui/accounts/change");
        assert_eq!(owner.answer(encoded(request, &with)).await.status, StatusCode::FORBIDDEN, "{csrf:?}");
    }
    let none = owner.request(Method::POST, "/admin/ui/accounts/change");
    assert_eq!(owner.answer(encoded(none, &fields)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(owner.submit("/admin/ui/accounts/change", &fields).await.status, StatusCode::OK);
    let by_form = owner.send_form("/admin/ui/accounts/change", &fields).await;
    assert_eq!(by_form.status, StatusCode::SEE_OTHER);
    bridge.stop().await;
}
