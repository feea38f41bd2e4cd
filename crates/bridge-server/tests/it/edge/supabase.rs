//! The table of onboarding users at Supabase (edge/sql): a real PostgREST with row-level security, asked as the edge asks
//! (edge/src/supabase.ts).

use reqwest::Response;
use serde_json::{Value, json};
use test_servers::postgres::{self, Postgres};
use test_servers::postgrest::Postgrest;
use test_servers::supabase::{ANON, AUTHENTICATED, SERVICE_ROLE, make_roles};
use test_servers::{Server as _, legs};

const SQL: &str = include_str!("../../../../../edge/sql/onboarding_users.sql");
const ROLE: &str = "sms_bridge_edge";

fn row(id: u32, number: &str) -> Value {
    json!({
        "onboarding_id": format!("0190a1b2-0000-7000-8000-{id:012}"),
        "mobile_number": number,
        "email": "user@example.com",
        "device_id": null,
        "country": "IN",
        "registered_at": "2026-01-31T12:00:00Z",
        "user_deadline": "2026-01-31T12:05:00Z",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_adds_rows_and_nobody_else_sees_them() {
    let started = Postgres::start(&postgres::Options::default());
    let Some(database) = legs::or_skip("onboarding_users", started) else { return };
    make_roles(&database, "postgres").unwrap();
    for _ in 0..2 {
        database.sql("postgres", SQL).unwrap();
    }
    let Some(rest) = legs::or_skip("onboarding_users", Postgrest::start(&database, "postgres")) else {
        return;
    };
    let http = reqwest::Client::new();
    let url = format!("{}/onboarding_users", rest.url());
    let add = async |role: &str, row: Value| -> Response {
        let key = rest.key(role).unwrap();
        let request =
            http.post(format!("{url}?on_conflict=onboarding_id")).bearer_auth(&key).header("apikey", &key);
        let prefer = "resolution=ignore-duplicates,return=minimal";
        request.header("Prefer", prefer).json(&row).send().await.unwrap()
    };
    for role in [ROLE, SERVICE_ROLE] {
        let number = if role == ROLE { "+919876543210" } else { "+919876543211" };
        let id = if role == ROLE { 1 } else { 2 };
        assert_eq!(add(role, row(id, number)).await.status(), 201, "{role}");
        // The same registration answered again is one row, as it was first.
        let again = add(role, row(id, "+919999999999")).await;
        assert!(again.status().is_success(), "{role}: {}", again.status());
    }
    for role in [ANON, AUTHENTICATED] {
        let refused = add(role, row(3, "+919876543212")).await.status();
        assert!(refused == 401 || refused == 403, "{role}: {refused}");
    }
    let kept =
        database.sql("postgres", "SELECT string_agg(mobile_number, ' ' ORDER BY 1) FROM onboarding_users");
    assert_eq!(kept.unwrap(), "+919876543210 +919876543211");
    for role in [ANON, AUTHENTICATED, ROLE] {
        let key = rest.key(role).unwrap();
        let seen = http.get(&url).bearer_auth(&key).send().await.unwrap();
        assert!(!seen.status().is_success(), "{role} reads rows: {}", seen.text().await.unwrap());
        let gone = http.delete(format!("{url}?country=eq.IN")).bearer_auth(&key).send().await.unwrap();
        assert!(!gone.status().is_success(), "{role} removes rows");
        let turned =
            http.patch(format!("{url}?country=eq.IN")).bearer_auth(&key).json(&json!({"email": "x"}));
        assert!(!turned.send().await.unwrap().status().is_success(), "{role} changes rows");
    }
}
