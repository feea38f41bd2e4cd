//! Accounts, sessions, links that work once, and the admin log.

use bridge_core::Span;
use serde_json::{Value, json};

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::accounts::{Account, AccountChanged, ChangesAsked, Link, NewChange, Role, Session};

fn link(token: &str, account: Option<&str>) -> Link {
    Link { token_hash: token.to_owned(), account: account.map(str::to_owned), until: T0 + HOUR }
}

fn session(id: &str, account: &str) -> Session {
    Session {
        id_hash: id.to_owned(),
        account: account.to_owned(),
        data: json!({"csrf": "x", "n": 1}),
        created_at: T0,
        seen_at: T0,
        ends_at: T0 + HOUR,
    }
}

/// What is noted of a link that was used.
fn setup() -> NewChange {
    NewChange {
        at: T0,
        who: "alice".to_owned(),
        address: None,
        action: "account.setup".to_owned(),
        subject: "alice".to_owned(),
        before: Value::Null,
        after: Value::Null,
    }
}

/// The first owner, made by a link.
async fn first_owner(audit: &dyn AuditUnderTest, name: &str) {
    assert!(audit.store().put_link(&link("first", None)).await.unwrap());
    assert!(audit.store().use_link(T0, "first", name, "$hash", &setup()).await.unwrap().is_some());
}

pub(super) async fn accounts_come_by_name(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    assert_eq!(store.accounts().await.unwrap(), []);
    for (name, role) in [("zoë", Role::Viewer), ("Bob", Role::Operator), ("alice", Role::Owner)] {
        assert!(store.add_account(T0, name, role).await.unwrap());
        assert!(!store.add_account(T0 + HOUR, name, Role::Owner).await.unwrap(), "taken");
    }
    assert!(store.set_password(T0 + SECOND, "Bob", "$argon2id$x").await.unwrap());
    assert!(!store.set_password(T0 + SECOND, "nobody", "$argon2id$x").await.unwrap());
    let bare = |name: &str, role| Account {
        name: name.to_owned(),
        password: None,
        role,
        created_at: T0,
        disabled: false,
        password_changed_at: None,
    };
    let bob = Account {
        password: Some("$argon2id$x".to_owned()),
        password_changed_at: Some(T0 + SECOND),
        ..bare("Bob", Role::Operator)
    };
    let all = [bob.clone(), bare("alice", Role::Owner), bare("zoë", Role::Viewer)];
    assert_eq!(store.accounts().await.unwrap(), all, "by their bytes");
    assert_eq!(store.account("Bob").await.unwrap(), Some(bob));
    for nobody in ["bob", "", "x\0y"] {
        assert_eq!(store.account(nobody).await.unwrap(), None, "{nobody:?}");
    }
}

pub(super) async fn there_is_always_an_owner(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    first_owner(audit, "alice").await;
    // One that never set a password cannot log in.
    assert!(store.add_account(T0, "bob", Role::Owner).await.unwrap());
    for (role, disabled) in [(Role::Viewer, false), (Role::Owner, true)] {
        let changed = store.change_account("alice", role, disabled).await.unwrap();
        assert_eq!(changed, AccountChanged::LastOwner);
    }
    assert_eq!(store.account("alice").await.unwrap().unwrap().role, Role::Owner);
    assert!(store.set_password(T0, "bob", "$hash").await.unwrap());
    // Both at once: one of them stays.
    let (one, other) = tokio::join!(
        store.change_account("alice", Role::Viewer, false),
        store.change_account("bob", Role::Owner, true)
    );
    let mut both = [one.unwrap(), other.unwrap()];
    both.sort_by_key(|changed| *changed != AccountChanged::Changed);
    assert_eq!(both, [AccountChanged::Changed, AccountChanged::LastOwner]);
    assert_eq!(store.change_account("x", Role::Viewer, false).await.unwrap(), AccountChanged::Unknown);
}

pub(super) async fn a_link_makes_the_first_owner_once(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    assert!(store.put_link(&link("old", None)).await.unwrap());
    assert!(store.put_link(&link("new", None)).await.unwrap());
    assert_eq!(store.link(T0, "old").await.unwrap(), None, "another one took its place");
    assert_eq!(store.link(T0 + HOUR, "new").await.unwrap(), None, "its time is over");
    assert_eq!(store.link(T0, "new").await.unwrap(), Some(link("new", None)));
    assert_eq!(store.use_link(T0 + HOUR, "new", "late", "$hash", &setup()).await.unwrap(), None);
    let (first, second) = (setup(), setup());
    let (one, other) = tokio::join!(
        store.use_link(T0, "new", "one", "$1", &first),
        store.use_link(T0, "new", "other", "$2", &second)
    );
    let made: Vec<Account> = [one.unwrap(), other.unwrap()].into_iter().flatten().collect();
    assert_eq!((made.len(), made[0].role, made[0].password_changed_at), (1, Role::Owner, Some(T0)));
    assert_eq!(store.accounts().await.unwrap(), made);
    let noted = store.changes(&ChangesAsked::default(), MAX).await.unwrap();
    assert!(noted.iter().map(|row| &row.change).eq([&setup()]), "of two at once one is noted: {noted:?}");
    assert_eq!(store.link(T0, "new").await.unwrap(), None);
    assert!(!store.put_link(&link("again", None)).await.unwrap(), "closed for ever");
    assert_eq!(store.use_link(T0, "again", "thief", "$hash", &setup()).await.unwrap(), None);
}

pub(super) async fn a_link_sets_a_password_once(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    first_owner(audit, "alice").await;
    assert!(!store.put_link(&link("t", Some("nobody"))).await.unwrap());
    store.add_account(T0, "bob", Role::Viewer).await.unwrap();
    assert!(store.put_link(&link("void", Some("bob"))).await.unwrap());
    assert!(store.put_link(&link("a", Some("alice"))).await.unwrap());
    assert!(store.put_link(&link("b", Some("bob"))).await.unwrap());
    store.begin_session(T0, &session("s", "bob")).await.unwrap();
    assert_eq!(store.use_link(T0, "void", "bob", "$void", &setup()).await.unwrap(), None);
    let bob = store.use_link(T0 + SECOND, "b", "mallory", "$bob", &setup()).await.unwrap().unwrap();
    assert_eq!((bob.name.as_str(), bob.password.as_deref(), bob.role), ("bob", Some("$bob"), Role::Viewer));
    assert_eq!(store.session(T0, "s").await.unwrap(), None, "whoever was logged in is not any more");
    assert_eq!(store.use_link(T0 + SECOND, "b", "bob", "$again", &setup()).await.unwrap(), None);
    assert!(store.put_link(&link("b2", Some("bob"))).await.unwrap());
    store.change_account("bob", Role::Viewer, true).await.unwrap();
    assert_eq!(store.link(T0, "b2").await.unwrap(), None, "who may not log in needs no password");
    assert!(!store.put_link(&link("b3", Some("bob"))).await.unwrap());
    assert!(store.link(T0, "a").await.unwrap().is_some());
}

pub(super) async fn a_session_lasts_until_it_ends(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    for name in ["alice", "bob"] {
        store.add_account(T0, name, Role::Operator).await.unwrap();
    }
    let (first, second) = (session("1", "alice"), session("2", "bob"));
    for session in [&first, &second, &session("3", "nobody")] {
        store.begin_session(T0, session).await.unwrap();
    }
    let (found, account) = store.session(T0, "1").await.unwrap().unwrap();
    assert_eq!((found, account.name.as_str(), account.role), (first.clone(), "alice", Role::Operator));
    assert_eq!(store.session(T0, "3").await.unwrap(), None);
    let later = Session { seen_at: T0 + SECOND, ..first.clone() };
    for seen_at in [T0 + SECOND, T0 - SECOND] {
        store.touch_session("1", seen_at).await.unwrap();
    }
    assert_eq!(store.session(T0, "1").await.unwrap().unwrap().0, later, "seen last is seen last");
    assert_eq!(store.session(T0 + HOUR - MILLI, "1").await.unwrap().unwrap().0, later);
    assert_eq!(store.session(T0 + HOUR, "1").await.unwrap(), None);
    store.change_account("bob", Role::Viewer, false).await.unwrap();
    assert_eq!(store.session(T0, "2").await.unwrap().unwrap().1.role, Role::Viewer, "at once");
    assert_eq!(store.sessions(T0).await.unwrap(), [later, second]);
    store
        .begin_session(T0 + HOUR, &Session { ends_at: T0 + HOUR + HOUR, ..session("4", "bob") })
        .await
        .unwrap();
    let left = audit.column("ops.session", "id_hash").await;
    assert_eq!(left, [Some("4".to_owned())], "what ended is forgotten");
}

pub(super) async fn sessions_end_with_what_they_rest_on(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    for name in ["alice", "bob"] {
        store.add_account(T0, name, Role::Operator).await.unwrap();
    }
    let begin = |id: &str, name: &str| {
        let session = session(id, name);
        async move { store.begin_session(T0, &session).await.unwrap() }
    };
    let left = || async {
        store.sessions(T0).await.unwrap().into_iter().map(|session| session.id_hash).collect::<Vec<_>>()
    };
    for (id, name) in [("1", "alice"), ("2", "alice"), ("3", "bob")] {
        begin(id, name).await;
    }
    store.end_session("1").await.unwrap();
    store.end_session("1").await.unwrap();
    store.touch_session("1", T0 + SECOND).await.unwrap();
    assert_eq!(left().await, ["2", "3"]);
    assert_eq!(store.end_sessions("alice").await.unwrap(), 1);
    assert_eq!(left().await, ["3"]);
    store.set_password(T0, "bob", "$hash").await.unwrap();
    assert_eq!(left().await, [""; 0]);
    begin("4", "bob").await;
    store.change_account("bob", Role::Operator, true).await.unwrap();
    begin("5", "bob").await;
    assert_eq!(left().await, [""; 0], "who may not log in has none");
    assert_eq!(store.session(T0, "5").await.unwrap(), None);
}

fn change(n: i64, who: &str, action: &str, subject: &str) -> NewChange {
    NewChange {
        at: T0 + Span(n),
        who: who.to_owned(),
        address: (n % 2 == 0).then(|| "192.0.2.1".to_owned()),
        action: action.to_owned(),
        subject: subject.to_owned(),
        before: Value::Null,
        after: json!({"n": n, "text": "a\0b \"é\""}),
    }
}

pub(super) async fn the_admin_log_is_found_by_what_it_says(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let all = [
        change(1, "alice", "setting.put", "batch_size"),
        change(2, "bob", "setting.put", "max_length"),
        change(3, "alice", "blacklist.add", ALICE),
        change(4, "admin token", "setting.put", "batch_size"),
        change(5, "alice", "settings", "x"),
    ];
    for change in &all {
        store.note_change(change).await.unwrap();
    }
    let ask = async |asked: ChangesAsked, max| {
        store.changes(&asked, max).await.unwrap().into_iter().map(|row| row.change).collect::<Vec<_>>()
    };
    let some = |text: &str| Some(text.to_owned());
    let anything = ChangesAsked::default;
    let newest_first: Vec<NewChange> = all.iter().rev().cloned().collect();
    assert_eq!(ask(anything(), MAX).await, newest_first);
    assert_eq!(ask(anything(), 2).await, newest_first[..2]);
    let count = async |asked: ChangesAsked| ask(asked, MAX).await.len();
    assert_eq!(count(ChangesAsked { who: some("alice"), ..anything() }).await, 3);
    assert_eq!(count(ChangesAsked { who: some("x\0"), ..anything() }).await, 0);
    assert_eq!(count(ChangesAsked { action: some("setting."), ..anything() }).await, 3);
    assert_eq!(count(ChangesAsked { action: some("%"), ..anything() }).await, 0, "no pattern");
    let both = ChangesAsked { subject: some("batch_size"), who: some("admin token"), ..anything() };
    assert_eq!(ask(both, MAX).await, all[3..4]);
    let between = ChangesAsked { since: Some(T0 + Span(2)), until: Some(T0 + Span(4)), ..anything() };
    assert_eq!(ask(between, MAX).await, newest_first[2..4]);

    let mut pages = Vec::new();
    let mut before = None;
    loop {
        let page =
            store.changes(&ChangesAsked { before, who: some("alice"), ..anything() }, 1).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        pages.extend(page.into_iter().map(|row| row.change.at));
    }
    assert_eq!(pages, [T0 + Span(5), T0 + Span(3), T0 + Span(1)]);
}
