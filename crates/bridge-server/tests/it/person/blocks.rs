//! Blocks that end by themselves, lists of numbers to block, and e-mail addresses that may not register.

use bridge_core::Span;
use reqwest::Method;
use serde_json::json;

use super::{ALICE, BOB};
use crate::harness::{ADMIN_TOKEN, Answer, Bridge};
use crate::real_stores::group::{Group, flush_and_rebuild, until};

async fn post(bridge: &Bridge, path: &str, body: &serde_json::Value) -> Answer {
    bridge.send(bridge.request(Method::POST, path).bearer_auth(ADMIN_TOKEN).json(body)).await
}

async fn delete(bridge: &Bridge, path: &str) -> Answer {
    bridge.send(bridge.request(Method::DELETE, path).bearer_auth(ADMIN_TOKEN)).await
}

/// Blocked for an hour: by the operator's word, and by every way in which the set is made anew.
async fn a_block_holds_for_its_hour(bridge: &Bridge, anew: impl AsyncFn(&Bridge)) {
    let ends = bridge.clock.now() + Span::seconds(3600);
    let block = json!({"mobile_number": ALICE, "reason": "an hour of quiet", "expires_at": ends.to_string()});
    let added = post(bridge, "/admin/blacklist", &block).await;
    assert_eq!((added.status.as_u16(), added.text("expires_at")), (201, &*ends.to_string()));
    assert_eq!(added.text("blocked_by"), "admin token");
    for _ in 0..2 {
        assert_eq!(bridge.register(ALICE, "a@example.com", "d1").await.code(), "blacklisted");
        let item = bridge.get("/admin/blacklist", ADMIN_TOKEN).await.body["items"][0].clone();
        assert_eq!(
            (&item["reason"], &item["expires_at"]),
            (&json!("an hour of quiet"), &json!(ends.to_string()))
        );
        bridge.settle().await;
        anew(bridge).await;
    }
    bridge.clock.advance(Span::seconds(3600));
    assert_eq!(bridge.get("/admin/blacklist", ADMIN_TOKEN).await.body["items"], json!([]));
    let registered = bridge.registered(ALICE).await;
    assert_eq!(bridge.deliver(&bridge.right_sms(ALICE, &registered)).await.verdict(), "passed");
    bridge.settle().await;
    assert_eq!(bridge.stores.audit.totals().await.unwrap().blacklisted, 0, "cleared away");
    assert_eq!(bridge.stores.hot.totals().await.unwrap().blacklisted, 0, "cleared away");
}

#[tokio::test]
async fn a_block_ends_by_itself() {
    let bridge = Bridge::start().await;
    a_block_holds_for_its_hour(&bridge, async |_| {}).await;
    for (body, field) in [
        (json!({"mobile_number": ALICE, "expires_at": "2020-01-01T00:00:00Z"}), "expires_at"),
        (json!({"mobile_number": ALICE, "expires_at": "tomorrow"}), "expires_at"),
        (json!({"mobile_number": ALICE, "reason": "x".repeat(101)}), "reason"),
    ] {
        let refused = post(&bridge, "/admin/blacklist", &body).await;
        assert_eq!((refused.status.as_u16(), &refused.body["errors"][0]["field"]), (400, &json!(field)));
    }
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_ends_by_itself_on_redis_and_after_a_rebuild() {
    let Some(group) = Group::start("a_block_ends_by_itself_on_redis") else { return };
    let bridge = group.bridge().await;
    a_block_holds_for_its_hour(&bridge, async |bridge| {
        flush_and_rebuild(&group, bridge).await;
    })
    .await;
    bridge.stop().await;
}

/// Who flooded is on the list already: a store that is made anew blocks nobody once more, and apps are told once.
#[tokio::test(flavor = "multi_thread")]
async fn who_flooded_stays_blocked_as_they_were_when_the_store_is_rebuilt() {
    let Some(group) = Group::start("who_flooded_stays_blocked") else { return };
    let bridge = group.bridge().await;
    for n in 1..=13 {
        bridge.text(ALICE, &format!("hello {n}")).await;
    }
    bridge.settle().await;
    let listed = async || bridge.get("/admin/blacklist", ADMIN_TOKEN).await.body["items"].clone();
    let before = listed().await;
    assert_eq!((&before[0]["mobile_number"], &before[0]["message_count"]), (&json!(ALICE), &json!(11)));
    flush_and_rebuild(&group, &bridge).await;
    assert_eq!(bridge.stores.hot.queued_blacklistings(usize::MAX).await.unwrap(), []);
    assert_eq!(bridge.register(ALICE, "a@example.com", "d1").await.code(), "blacklisted");
    bridge.settle().await;
    assert_eq!(listed().await, before);
    bridge.stop().await;
}

#[tokio::test]
async fn a_list_of_numbers_is_blocked_and_its_wrong_lines_are_told() {
    let bridge = Bridge::start().await;
    let list = "\u{feff}number,reason,expires\r\n\
        +919876543210,\"spam, again\",2026-02-01T00:00:00Z\r\n\
        \r\n\
        98765 43211\n\
        MYBANK,x\n\
        +919876543212,,yesterday\n\
        +919876543213,x,2020-01-01T00:00:00Z\n\
        +919876543214";
    let request = bridge.request(Method::POST, "/admin/blacklist/import").bearer_auth(ADMIN_TOKEN);
    let done = bridge.send(request.header("content-type", "text/csv").body(list)).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(
        (&done.body["lines"], &done.body["blocked"], &done.body["wrong"]),
        (&json!(6), &json!(3), &json!(3))
    );
    let wrong: Vec<_> = done.body["errors"].as_array().unwrap().iter().map(|e| e["line"].clone()).collect();
    assert_eq!(wrong, [json!(5), json!(6), json!(7)]);
    assert_eq!(bridge.register(BOB, "b@example.com", "d1").await.code(), "blacklisted", "at once");
    let items = bridge.get("/admin/blacklist", ADMIN_TOKEN).await.body;
    let alice =
        items["items"].as_array().unwrap().iter().find(|item| item["mobile_number"] == ALICE).unwrap();
    assert_eq!(
        (&alice["reason"], &alice["expires_at"]),
        (&json!("spam, again"), &json!("2026-02-01T00:00:00Z"))
    );

    let many: String = (0..1200).map(|n| format!("+9198{n:08}\n")).collect();
    let request = bridge.request(Method::POST, "/admin/blacklist/import").bearer_auth(ADMIN_TOKEN);
    let done = bridge.send(request.body(format!("{many}{}\n", "9".repeat(5000)))).await;
    assert_eq!((&done.body["lines"], &done.body["wrong"]), (&json!(1201), &json!(1)), "{}", done.body);
    let request =
        bridge.request(Method::POST, "/admin/blacklist/import").bearer_auth("no-such-secret-at-all");
    assert_eq!(bridge.send(request.body(ALICE)).await.status, 401);
    bridge.settle().await;
    bridge.stop().await;
}

#[tokio::test]
async fn a_blocked_address_may_not_register() {
    let bridge = Bridge::start().await;
    let ends = bridge.clock.now() + Span::seconds(3600);
    let added = post(
        &bridge,
        "/admin/blocked-emails",
        &json!({"address": " Mallory@Example.COM ", "reason": "floods"}),
    )
    .await;
    assert_eq!(
        (added.status.as_u16(), added.text("address")),
        (201, "mallory@example.com"),
        "{}",
        added.body
    );
    let hour = json!({"address": "hour@example.com", "expires_at": ends.to_string()});
    assert_eq!(post(&bridge, "/admin/blocked-emails", &hour).await.status, 201);
    let refused = bridge.register(ALICE, "MALLORY@example.com", "d1").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (403, "email_blocked"));
    assert_eq!(bridge.register(ALICE, "hour@example.com", "d1").await.code(), "email_blocked");

    let list = bridge.get("/admin/blocked-emails", ADMIN_TOKEN).await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 2);
    let tag = list.headers["etag"].clone();
    let again = bridge.request(Method::GET, "/admin/blocked-emails").bearer_auth(ADMIN_TOKEN);
    assert_eq!(bridge.send(again.header("if-none-match", &tag)).await.status, 304);

    bridge.clock.advance(Span::seconds(1));
    let since = bridge.clock.now();
    assert_eq!(delete(&bridge, "/admin/blocked-emails/Mallory%40example.com").await.status, 204);
    assert_eq!(delete(&bridge, "/admin/blocked-emails/Mallory%40example.com").await.status, 404);
    let again = bridge.request(Method::GET, "/admin/blocked-emails").bearer_auth(ADMIN_TOKEN);
    assert_eq!(bridge.send(again.header("if-none-match", &tag)).await.status, 200);
    let changed = bridge.get(&format!("/admin/blocked-emails?since={since}"), ADMIN_TOKEN).await;
    let items = changed.body["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["address"]), (1, &json!("mallory@example.com")));
    assert_eq!(
        (&items[0]["lifted_at"], changed.text("as_of")),
        (&json!(since.to_string()), &*since.to_string())
    );
    assert_eq!(bridge.get("/admin/blocked-emails?since=x", ADMIN_TOKEN).await.code(), "invalid_request");
    for address in ["", "nobody", "a b@example.com", "@example.com"] {
        let refused = post(&bridge, "/admin/blocked-emails", &json!({"address": address})).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, "invalid_request"), "{address}");
    }
    bridge.register(ALICE, "mallory@example.com", "d1").await;
    assert_eq!(bridge.register(BOB, "hour@example.com", "d1").await.code(), "email_blocked");
    bridge.clock.advance(Span::seconds(3600));
    assert_eq!(bridge.register(BOB, "hour@example.com", "d1").await.status, 201);
    // It is remembered by the next process.
    assert_eq!(
        post(&bridge, "/admin/blocked-emails", &json!({"address": "eve@example.com"})).await.status,
        201
    );
    bridge.settle().await;
    let folder = bridge.stop().await;
    let note = std::fs::read_to_string(folder.path().join("blocked_emails.json")).unwrap();
    assert!(note.contains("eve@example.com"));
}

#[tokio::test]
async fn a_blocked_address_has_no_other_spelling() {
    let bridge = Bridge::start().await;
    for address in ["Mallory@Example.com.", "eve\u{200b}@xn--mnchen-3ya.de", "tag+me@example.com"] {
        assert_eq!(post(&bridge, "/admin/blocked-emails", &json!({"address": address})).await.status, 201);
    }
    let mut n = 0;
    let mut refused = async |address: &str| {
        n += 1;
        bridge.register(&format!("+9198765{n:05}"), address, "d1").await.code() == "email_blocked"
    };
    for spelling in [
        "mallory@example.com",
        "mallory@example.com.",
        "MALLORY@EXAMPLE.COM..",
        "mal\u{ad}lory@exam\u{200b}ple.com",
        "\u{feff}mallory@example.com",
        "ｍａｌｌｏｒｙ@ｅｘａｍｐｌｅ．ｃｏｍ",
        "mallory@example\u{3002}com",
        "mallory+1@example.com",
        "Mallory+a+b@example.com.",
        "mallory\u{ff0b}x@example.com",
        "eve@mu\u{308}nchen.de",
        "EVE@M\u{dc}NCHEN.DE",
        "tag@example.com",
        "tag+other@example.com",
    ] {
        assert!(refused(spelling).await, "{spelling:?}");
    }
    for other in ["mal.lory@example.com", "mallory@example.org", "mallory@sub.example.com", "eve@munchen.de"]
    {
        assert!(!refused(other).await, "{other:?}");
    }
    bridge.set("blocked_emails_ignore_tags", json!(false)).await;
    for (address, blocked) in [
        ("mallory@example.com", true),
        ("mallory+1@example.com", false),
        ("tag+me@example.com", true),
        ("TAG+ME@example.com.", true),
        ("tag@example.com", false),
    ] {
        assert_eq!(refused(address).await, blocked, "{address:?}");
    }
    assert_eq!(delete(&bridge, "/admin/blocked-emails/MALLORY%40example.com.").await.status, 204);
    assert!(!refused("mallory@example.com").await);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bridge_of_a_group_hears_of_a_blocked_address_and_knows_it_while_postgresql_is_away() {
    let Some(group) = Group::start("every_bridge_of_a_group_hears_of_a_blocked_address") else { return };
    let (here, there) = (group.bridge().await, group.bridge().await);
    let eve = "eve@example.com";
    assert_eq!(post(&here, "/admin/blocked-emails", &json!({"address": eve})).await.status, 201);
    until("known there", async || {
        there.app().blocked_emails.is_blocked(eve, there.clock.now()).then_some(())
    })
    .await;
    here.settle().await;
    there.settle().await;
    let folder = there.stop().await;
    test_servers::Server::kill(&group.postgres).unwrap();
    let refused = here.register(ALICE, eve, "d1").await;
    assert_eq!(refused.code(), "email_blocked");
    let there = group.bridge_on(folder).await;
    assert!(there.app().blocked_emails.is_blocked(eve, there.clock.now()), "it starts with what it knew");
    assert_eq!(delete(&here, "/admin/blocked-emails/eve%40example.com").await.status, 503);
    test_servers::Server::restart(&group.postgres).unwrap();
}
