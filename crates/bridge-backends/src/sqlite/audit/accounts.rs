//! Accounts, sessions, links and the admin log.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_store::Result;
use bridge_store::accounts::{
    Account, AccountChanged, AccountStore, Change, ChangesAsked, Link, NewChange, Role, Session,
};
use rusqlite::types::Value as Bound;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use serde_json::Value;

use super::columns::{At, damaged};
use super::store::SqliteAudit;
use crate::sqlite::engine::{Json, limit};

#[async_trait]
impl AccountStore for SqliteAudit {
    async fn accounts(&self) -> Result<Vec<Account>> {
        self.engine.read("accounts", all).await
    }

    async fn account(&self, name: &str) -> Result<Option<Account>> {
        let name = name.to_owned();
        self.engine.read("account", move |c| one(c, &name)).await
    }

    async fn add_account(&self, now: Timestamp, name: &str, role: Role) -> Result<bool> {
        let name = name.to_owned();
        self.engine
            .write("add_account", move |c, _| {
                let added = c.execute(
                    "INSERT INTO ops_account (name, role, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                    params![name, role.word(), At(now)],
                )?;
                Ok(added > 0)
            })
            .await
    }

    async fn set_password(&self, now: Timestamp, name: &str, password: &str) -> Result<bool> {
        let (name, password) = (name.to_owned(), password.to_owned());
        self.engine.write("set_password", move |c, _| set_password(c, now, &name, &password)).await
    }

    async fn change_account(&self, name: &str, role: Role, disabled: bool) -> Result<AccountChanged> {
        let name = name.to_owned();
        self.engine.write("change_account", move |c, _| change(c, &name, role, disabled)).await
    }

    async fn put_link(&self, link: &Link) -> Result<bool> {
        let link = link.clone();
        self.engine.write("put_link", move |c, _| put_link(c, &link)).await
    }

    async fn link(&self, now: Timestamp, token_hash: &str) -> Result<Option<Link>> {
        let token_hash = token_hash.to_owned();
        self.engine.read("link", move |c| working_link(c, now, &token_hash)).await
    }

    async fn use_link(
        &self,
        now: Timestamp,
        token_hash: &str,
        name: &str,
        password: &str,
        change: &NewChange,
    ) -> Result<Option<Account>> {
        let (token_hash, name, password) = (token_hash.to_owned(), name.to_owned(), password.to_owned());
        let change = change.clone();
        self.engine
            .write("use_link", move |c, _| use_link(c, now, &token_hash, (&name, &password), &change))
            .await
    }

    async fn begin_session(&self, now: Timestamp, session: &Session) -> Result<()> {
        let session = session.clone();
        self.engine.write("begin_session", move |c, _| begin_session(c, now, &session)).await
    }

    async fn touch_session(&self, id_hash: &str, seen_at: Timestamp) -> Result<()> {
        let id_hash = id_hash.to_owned();
        self.engine
            .write("touch_session", move |c, _| {
                let sql = "UPDATE ops_session SET seen_at = ?2 WHERE id_hash = ?1 AND seen_at < ?2";
                c.execute(sql, params![id_hash, At(seen_at)]).map(drop)
            })
            .await
    }

    async fn session(&self, now: Timestamp, id_hash: &str) -> Result<Option<(Session, Account)>> {
        let id_hash = id_hash.to_owned();
        self.engine.read("session", move |c| session(c, now, &id_hash)).await
    }

    async fn sessions(&self, now: Timestamp) -> Result<Vec<Session>> {
        self.engine.read("sessions", move |c| sessions(c, now)).await
    }

    async fn end_session(&self, id_hash: &str) -> Result<()> {
        let id_hash = id_hash.to_owned();
        self.engine
            .write("end_session", move |c, _| {
                c.execute("DELETE FROM ops_session WHERE id_hash = ?1", [&id_hash]).map(drop)
            })
            .await
    }

    async fn end_sessions(&self, account: &str) -> Result<usize> {
        let account = account.to_owned();
        self.engine.write("end_sessions", move |c, _| end_sessions(c, &account)).await
    }

    async fn note_change(&self, change: &NewChange) -> Result<()> {
        let change = change.clone();
        self.engine.write("note_change", move |c, _| note(c, &change)).await
    }

    async fn changes(&self, asked: &ChangesAsked, max: usize) -> Result<Vec<Change>> {
        let asked = asked.clone();
        self.engine.read("changes", move |c| changes(c, &asked, max)).await
    }
}

const ACCOUNT: &str = "name, password, role, created_at, disabled, password_changed_at";
const SESSION: &str = "id_hash, account, data, created_at, seen_at, ends_at";

fn account_at(row: &Row<'_>, first: usize) -> rusqlite::Result<Account> {
    let word: String = row.get(first + 2)?;
    Ok(Account {
        name: row.get(first)?,
        password: row.get(first + 1)?,
        role: Role::named(&word).ok_or_else(|| damaged(first + 2, "no such role"))?,
        created_at: row.get::<_, At>(first + 3)?.0,
        disabled: row.get(first + 4)?,
        password_changed_at: row.get::<_, Option<At>>(first + 5)?.map(|at| at.0),
    })
}

fn all(conn: &Connection) -> rusqlite::Result<Vec<Account>> {
    conn.prepare_cached(&format!("SELECT {ACCOUNT} FROM ops_account ORDER BY name"))?
        .query_map([], |row| account_at(row, 0))?
        .collect()
}

fn one(conn: &Connection, name: &str) -> rusqlite::Result<Option<Account>> {
    conn.prepare_cached(&format!("SELECT {ACCOUNT} FROM ops_account WHERE name = ?1"))?
        .query_row([name], |row| account_at(row, 0))
        .optional()
}

fn set_password(conn: &Connection, now: Timestamp, name: &str, password: &str) -> rusqlite::Result<bool> {
    let set = conn.execute(
        "UPDATE ops_account SET password = ?2, password_changed_at = ?3 WHERE name = ?1",
        params![name, password, At(now)],
    )?;
    end_sessions(conn, name)?;
    Ok(set > 0)
}

fn change(conn: &Connection, name: &str, role: Role, disabled: bool) -> rusqlite::Result<AccountChanged> {
    let everybody = all(conn)?;
    if everybody.iter().all(|account| account.name != name) {
        return Ok(AccountChanged::Unknown);
    }
    if !Account::keeps_an_owner(&everybody, name, role, disabled) {
        return Ok(AccountChanged::LastOwner);
    }
    conn.execute(
        "UPDATE ops_account SET role = ?2, disabled = ?3 WHERE name = ?1",
        params![name, role.word(), disabled],
    )?;
    if disabled {
        end_sessions(conn, name)?;
        conn.execute("DELETE FROM ops_link WHERE account = ?1", [name])?;
    }
    Ok(AccountChanged::Changed)
}

fn put_link(conn: &Connection, link: &Link) -> rusqlite::Result<bool> {
    let fits = match &link.account {
        None => all(conn)?.is_empty(),
        Some(name) => one(conn, name)?.is_some_and(|account| !account.disabled),
    };
    if fits {
        conn.execute(
            "INSERT OR REPLACE INTO ops_link (account, token_hash, until) VALUES (?1, ?2, ?3)",
            params![link.account.as_deref().unwrap_or_default(), link.token_hash, At(link.until)],
        )?;
    }
    Ok(fits)
}

fn working_link(conn: &Connection, now: Timestamp, token_hash: &str) -> rusqlite::Result<Option<Link>> {
    let found = conn
        .prepare_cached(
            "SELECT account, until FROM ops_link WHERE token_hash = ?1 AND used_at IS NULL AND until > ?2",
        )?
        .query_row(params![token_hash, At(now)], |row| Ok((row.get::<_, String>(0)?, row.get::<_, At>(1)?.0)))
        .optional()?;
    let Some((account, until)) = found else { return Ok(None) };
    let account = Some(account).filter(|name| !name.is_empty());
    if account.is_none() && !all(conn)?.is_empty() {
        return Ok(None);
    }
    Ok(Some(Link { token_hash: token_hash.to_owned(), account, until }))
}

fn use_link(
    conn: &Connection,
    now: Timestamp,
    token_hash: &str,
    (name, password): (&str, &str),
    change: &NewChange,
) -> rusqlite::Result<Option<Account>> {
    let Some(link) = working_link(conn, now, token_hash)? else { return Ok(None) };
    note(conn, change)?;
    let name = link.account.as_deref().unwrap_or(name);
    if link.account.is_none() {
        conn.execute(
            "INSERT INTO ops_account (name, role, created_at) VALUES (?1, ?2, ?3)",
            params![name, Role::Owner.word(), At(now)],
        )?;
    }
    conn.execute("UPDATE ops_link SET used_at = ?2 WHERE token_hash = ?1", params![token_hash, At(now)])?;
    set_password(conn, now, name, password)?;
    one(conn, name)
}

fn session_of(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id_hash: row.get(0)?,
        account: row.get(1)?,
        data: row.get::<_, Json<Value>>(2)?.0,
        created_at: row.get::<_, At>(3)?.0,
        seen_at: row.get::<_, At>(4)?.0,
        ends_at: row.get::<_, At>(5)?.0,
    })
}

fn begin_session(conn: &Connection, now: Timestamp, session: &Session) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM ops_session WHERE ends_at <= ?1", [At(now)])?;
    conn.execute(
        "INSERT INTO ops_session (id_hash, account, data, created_at, seen_at, ends_at)
         SELECT ?1, name, ?3, ?4, ?5, ?6 FROM ops_account WHERE name = ?2 AND NOT disabled",
        params![
            session.id_hash,
            session.account,
            Json(&session.data),
            At(session.created_at),
            At(session.seen_at),
            At(session.ends_at),
        ],
    )?;
    Ok(())
}

fn session(conn: &Connection, now: Timestamp, id_hash: &str) -> rusqlite::Result<Option<(Session, Account)>> {
    conn.prepare_cached(
        "SELECT id_hash, account, data, s.created_at, seen_at, ends_at, name, password, role, a.created_at, disabled,
             password_changed_at
         FROM ops_session AS s JOIN ops_account AS a ON name = account
         WHERE id_hash = ?1 AND ends_at > ?2 AND NOT disabled",
    )?
    .query_row(params![id_hash, At(now)], |row| Ok((session_of(row)?, account_at(row, 6)?)))
    .optional()
}

fn sessions(conn: &Connection, now: Timestamp) -> rusqlite::Result<Vec<Session>> {
    conn.prepare_cached(&format!(
        "SELECT {SESSION} FROM ops_session WHERE ends_at > ?1 ORDER BY created_at DESC, id_hash"
    ))?
    .query_map([At(now)], session_of)?
    .collect()
}

fn end_sessions(conn: &Connection, account: &str) -> rusqlite::Result<usize> {
    conn.execute("DELETE FROM ops_session WHERE account = ?1", [account])
}

fn note(conn: &Connection, change: &NewChange) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO ops_admin_log (at, who, address, action, subject, before, after) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        At(change.at),
        change.who,
        change.address,
        change.action,
        change.subject,
        Json(&change.before),
        Json(&change.after),
    ])?;
    Ok(())
}

fn changes(conn: &Connection, asked: &ChangesAsked, max: usize) -> rusqlite::Result<Vec<Change>> {
    let mut conditions = vec!["1".to_owned()];
    let mut bound: Vec<Bound> = Vec::new();
    let mut only = |condition: &str, value: Option<Bound>| {
        if let Some(value) = value {
            bound.push(value);
            conditions.push(format!("{condition} ?{}", bound.len()));
        }
    };
    let text = |value: &Option<String>| value.clone().map(Bound::Text);
    let time = |value: Option<Timestamp>| value.map(|at| Bound::Text(at.to_rfc3339_millis()));
    only("who =", text(&asked.who));
    only("subject =", text(&asked.subject));
    only("action >=", text(&asked.action));
    only("action <", asked.action.as_ref().map(|prefix| Bound::Text(format!("{prefix}\u{10ffff}"))));
    only("at >=", time(asked.since));
    only("at <", time(asked.until));
    only("id <", asked.before.map(Bound::Integer));
    let conditions = conditions.join(" AND ");
    bound.push(Bound::Integer(limit(max)));
    conn.prepare_cached(&format!(
        "SELECT id, at, who, address, action, subject, before, after FROM ops_admin_log
         WHERE {conditions} ORDER BY id DESC LIMIT ?{}",
        bound.len()
    ))?
    .query_map(params_from_iter(bound), |row| {
        let change = NewChange {
            at: row.get::<_, At>(1)?.0,
            who: row.get(2)?,
            address: row.get(3)?,
            action: row.get(4)?,
            subject: row.get(5)?,
            before: row.get::<_, Json<Value>>(6)?.0,
            after: row.get::<_, Json<Value>>(7)?.0,
        };
        Ok(Change { id: row.get(0)?, change })
    })?
    .collect()
}
