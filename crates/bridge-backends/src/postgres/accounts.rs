//! Accounts, sessions, links and the admin log. What must hold for all accounts together is done by one bridge of the
//! group at a time.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_core::message::storable;
use bridge_store::Result;
use bridge_store::accounts::{
    Account, AccountChanged, AccountStore, Change, ChangesAsked, Link, NewChange, Role, Session,
};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::columns::{At, limit};
use super::lease::{BATCH, Lease, Parameter, QUICK, Unreadable};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl AccountStore for PostgresAudit {
    async fn accounts(&self) -> Result<Vec<Account>> {
        on_lease!(self.accounts(QUICK, all))
    }

    async fn account(&self, name: &str) -> Result<Option<Account>> {
        on_lease!(self.account(QUICK, one, name))
    }

    async fn add_account(&self, now: Timestamp, name: &str, role: Role) -> Result<bool> {
        on_lease!(self.add_account(QUICK, add, now, name, role))
    }

    async fn set_password(&self, now: Timestamp, name: &str, password: &str) -> Result<bool> {
        on_lease!(self.set_password(QUICK, set_password, now, name, password))
    }

    async fn change_account(&self, name: &str, role: Role, disabled: bool) -> Result<AccountChanged> {
        on_lease!(self.change_account(QUICK, change, name, role, disabled))
    }

    async fn put_link(&self, link: &Link) -> Result<bool> {
        on_lease!(self.put_link(QUICK, put_link, link))
    }

    async fn link(&self, now: Timestamp, token_hash: &str) -> Result<Option<Link>> {
        on_lease!(self.link(QUICK, working_link, now, token_hash))
    }

    async fn use_link(
        &self,
        now: Timestamp,
        token_hash: &str,
        name: &str,
        password: &str,
        change: &NewChange,
    ) -> Result<Option<Account>> {
        on_lease!(self.use_link(QUICK, use_link, now, token_hash, (name, password), change))
    }

    async fn begin_session(&self, now: Timestamp, session: &Session) -> Result<()> {
        on_lease!(self.begin_session(QUICK, begin_session, now, session))
    }

    async fn touch_session(&self, id_hash: &str, seen_at: Timestamp) -> Result<()> {
        on_lease!(self.touch_session(QUICK, touch_session, id_hash, seen_at))
    }

    async fn session(&self, now: Timestamp, id_hash: &str) -> Result<Option<(Session, Account)>> {
        on_lease!(self.session(QUICK, session, now, id_hash))
    }

    async fn sessions(&self, now: Timestamp) -> Result<Vec<Session>> {
        on_lease!(self.sessions(QUICK, sessions, now))
    }

    async fn end_session(&self, id_hash: &str) -> Result<()> {
        on_lease!(self.end_session(QUICK, end_session, id_hash))
    }

    async fn end_sessions(&self, account: &str) -> Result<usize> {
        on_lease!(self.end_sessions(QUICK, end_sessions, account))
    }

    async fn note_change(&self, change: &NewChange) -> Result<()> {
        on_lease!(self.note_change(QUICK, note, change))
    }

    async fn changes(&self, asked: &ChangesAsked, max: usize) -> Result<Vec<Change>> {
        on_lease!(self.changes(BATCH, changes, asked, max))
    }
}

/// Held by whoever looks at all accounts before changing one.
const TURN: &str = "SELECT pg_advisory_xact_lock(8470321958)";

fn account_at(row: &Row, first: usize) -> std::result::Result<Account, Unreadable> {
    let word: String = row.try_get(first + 2)?;
    Ok(Account {
        name: row.try_get(first)?,
        password: row.try_get(first + 1)?,
        role: Role::named(&word).ok_or("no such role")?,
        created_at: row.try_get::<_, At>(first + 3)?.0,
        disabled: row.try_get(first + 4)?,
        password_changed_at: row.try_get::<_, Option<At>>(first + 5)?.map(|at| at.0),
    })
}

async fn all(lease: &mut Lease) -> Result<Vec<Account>> {
    let sql = "SELECT name, password, role, created_at, disabled, password_changed_at FROM ops.account ORDER BY name";
    lease.rows(sql, &[], |row| account_at(row, 0)).await
}

async fn one(lease: &mut Lease, name: &str) -> Result<Option<Account>> {
    let sql = "SELECT name, password, role, created_at, disabled, password_changed_at FROM ops.account WHERE name = $1";
    Ok(lease.rows(sql, &[(&storable(name), Type::TEXT)], |row| account_at(row, 0)).await?.pop())
}

async fn add(lease: &mut Lease, now: Timestamp, name: &str, role: Role) -> Result<bool> {
    let sql = "INSERT INTO ops.account (name, role, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let values: [Parameter<'_>; 3] =
        [(&name, Type::TEXT), (&role.word(), Type::TEXT), (&At(now), Type::TIMESTAMPTZ)];
    Ok(lease.run(sql, &values).await? > 0)
}

/// One statement: no session of the old password is left, whoever begins one meanwhile.
async fn set_password(lease: &mut Lease, now: Timestamp, name: &str, password: &str) -> Result<bool> {
    let sql = "WITH ended AS (DELETE FROM ops.session WHERE account = $1)
         UPDATE ops.account SET password = $2, password_changed_at = $3 WHERE name = $1";
    let values: [Parameter<'_>; 3] =
        [(&name, Type::TEXT), (&password, Type::TEXT), (&At(now), Type::TIMESTAMPTZ)];
    Ok(lease.run(sql, &values).await? > 0)
}

async fn change(lease: &mut Lease, name: &str, role: Role, disabled: bool) -> Result<AccountChanged> {
    lease.begin().await?;
    lease.simple(TURN).await?;
    let everybody = all(lease).await?;
    let changed = match everybody.iter().any(|account| account.name == name) {
        false => AccountChanged::Unknown,
        true if !Account::keeps_an_owner(&everybody, name, role, disabled) => AccountChanged::LastOwner,
        true => {
            let sql = "WITH ended AS (DELETE FROM ops.session WHERE $3 AND account = $1),
                     void AS (DELETE FROM ops.link WHERE $3 AND account = $1)
                 UPDATE ops.account SET role = $2, disabled = $3 WHERE name = $1";
            let values: [Parameter<'_>; 3] =
                [(&name, Type::TEXT), (&role.word(), Type::TEXT), (&disabled, Type::BOOL)];
            lease.run(sql, &values).await?;
            AccountChanged::Changed
        }
    };
    lease.commit().await?;
    Ok(changed)
}

async fn put_link(lease: &mut Lease, link: &Link) -> Result<bool> {
    lease.begin().await?;
    lease.simple(TURN).await?;
    let fits = match &link.account {
        None => all(lease).await?.is_empty(),
        Some(name) => one(lease, name).await?.is_some_and(|account| !account.disabled),
    };
    if fits {
        let account = link.account.as_deref().unwrap_or_default();
        let sql = "INSERT INTO ops.link (account, token_hash, until) VALUES ($1, $2, $3)
             ON CONFLICT (account) DO UPDATE SET
                 token_hash = excluded.token_hash, until = excluded.until, used_at = NULL";
        let values: [Parameter<'_>; 3] =
            [(&account, Type::TEXT), (&link.token_hash, Type::TEXT), (&At(link.until), Type::TIMESTAMPTZ)];
        lease.run(sql, &values).await?;
    }
    lease.commit().await?;
    Ok(fits)
}

async fn working_link(lease: &mut Lease, now: Timestamp, token_hash: &str) -> Result<Option<Link>> {
    let sql = "SELECT token_hash, account, until FROM ops.link
         WHERE token_hash = $1 AND used_at IS NULL AND until > $2
             AND (account <> '' OR NOT EXISTS (SELECT FROM ops.account))";
    let values: [Parameter<'_>; 2] = [(&token_hash, Type::TEXT), (&At(now), Type::TIMESTAMPTZ)];
    let found = lease.rows(sql, &values, |row| {
        let account: String = row.try_get(1)?;
        Ok(Link {
            token_hash: row.try_get(0)?,
            account: Some(account).filter(|name| !name.is_empty()),
            until: row.try_get::<_, At>(2)?.0,
        })
    });
    Ok(found.await?.pop())
}

async fn use_link(
    lease: &mut Lease,
    now: Timestamp,
    token_hash: &str,
    (name, password): (&str, &str),
    change: &NewChange,
) -> Result<Option<Account>> {
    lease.begin().await?;
    lease.simple(TURN).await?;
    let Some(link) = working_link(lease, now, token_hash).await? else {
        lease.commit().await?;
        return Ok(None);
    };
    note(lease, change).await?;
    let name = match &link.account {
        Some(account) => account,
        None => {
            add(lease, now, name, Role::Owner).await?;
            name
        }
    };
    let values: [Parameter<'_>; 2] = [(&token_hash, Type::TEXT), (&At(now), Type::TIMESTAMPTZ)];
    lease.run("UPDATE ops.link SET used_at = $2 WHERE token_hash = $1", &values).await?;
    set_password(lease, now, name, password).await?;
    let account = one(lease, name).await?;
    lease.commit().await?;
    Ok(account)
}

fn session_of(row: &Row) -> std::result::Result<Session, Unreadable> {
    Ok(Session {
        id_hash: row.try_get(0)?,
        account: row.try_get(1)?,
        data: row.try_get(2)?,
        created_at: row.try_get::<_, At>(3)?.0,
        seen_at: row.try_get::<_, At>(4)?.0,
        ends_at: row.try_get::<_, At>(5)?.0,
    })
}

async fn begin_session(lease: &mut Lease, now: Timestamp, session: &Session) -> Result<()> {
    let sql = "WITH ended AS (DELETE FROM ops.session WHERE ends_at <= $7)
         INSERT INTO ops.session (id_hash, account, data, created_at, seen_at, ends_at)
         SELECT $1, name, $3, $4, $5, $6 FROM ops.account WHERE name = $2 AND NOT disabled FOR SHARE";
    lease
        .run(
            sql,
            &[
                (&session.id_hash, Type::TEXT),
                (&session.account, Type::TEXT),
                (&session.data, Type::JSONB),
                (&At(session.created_at), Type::TIMESTAMPTZ),
                (&At(session.seen_at), Type::TIMESTAMPTZ),
                (&At(session.ends_at), Type::TIMESTAMPTZ),
                (&At(now), Type::TIMESTAMPTZ),
            ],
        )
        .await
        .map(drop)
}

async fn touch_session(lease: &mut Lease, id_hash: &str, seen_at: Timestamp) -> Result<()> {
    let sql = "UPDATE ops.session SET seen_at = $2 WHERE id_hash = $1 AND seen_at < $2";
    lease.run(sql, &[(&id_hash, Type::TEXT), (&At(seen_at), Type::TIMESTAMPTZ)]).await.map(drop)
}

async fn session(lease: &mut Lease, now: Timestamp, id_hash: &str) -> Result<Option<(Session, Account)>> {
    let sql =
        "SELECT id_hash, account, data, s.created_at, seen_at, ends_at, name, password, role, a.created_at,
             disabled, password_changed_at
         FROM ops.session AS s JOIN ops.account AS a ON name = account
         WHERE id_hash = $1 AND ends_at > $2 AND NOT disabled";
    let values: [Parameter<'_>; 2] = [(&id_hash, Type::TEXT), (&At(now), Type::TIMESTAMPTZ)];
    Ok(lease.rows(sql, &values, |row| Ok((session_of(row)?, account_at(row, 6)?))).await?.pop())
}

async fn sessions(lease: &mut Lease, now: Timestamp) -> Result<Vec<Session>> {
    let sql =
        "SELECT id_hash, account, data, created_at, seen_at, ends_at FROM ops.session WHERE ends_at > $1
         ORDER BY created_at DESC, id_hash";
    lease.rows(sql, &[(&At(now), Type::TIMESTAMPTZ)], session_of).await
}

async fn end_session(lease: &mut Lease, id_hash: &str) -> Result<()> {
    lease.run("DELETE FROM ops.session WHERE id_hash = $1", &[(&id_hash, Type::TEXT)]).await.map(drop)
}

async fn end_sessions(lease: &mut Lease, account: &str) -> Result<usize> {
    let ended = lease.run("DELETE FROM ops.session WHERE account = $1", &[(&account, Type::TEXT)]).await?;
    Ok(usize::try_from(ended).unwrap_or(usize::MAX))
}

async fn note(lease: &mut Lease, change: &NewChange) -> Result<()> {
    lease
        .run(
            "INSERT INTO ops.admin_log (at, who, address, action, subject, before, after)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                (&At(change.at), Type::TIMESTAMPTZ),
                (&storable(&change.who), Type::TEXT),
                (&change.address, Type::TEXT),
                (&change.action, Type::TEXT),
                (&storable(&change.subject), Type::TEXT),
                (&change.before, Type::JSON),
                (&change.after, Type::JSON),
            ],
        )
        .await
        .map(drop)
}

/// What is not asked for is NULL, and then each condition holds.
async fn changes(lease: &mut Lease, asked: &ChangesAsked, max: usize) -> Result<Vec<Change>> {
    let sql = "SELECT id, at, who, address, action, subject, before, after FROM ops.admin_log
         WHERE ($1::text IS NULL OR who = $1) AND ($2::text IS NULL OR starts_with(action, $2))
             AND ($3::text IS NULL OR subject = $3) AND ($4::timestamptz IS NULL OR at >= $4)
             AND ($5::timestamptz IS NULL OR at < $5) AND ($6::bigint IS NULL OR id < $6)
         ORDER BY id DESC LIMIT $7";
    lease
        .rows(
            sql,
            &[
                (&asked.who.as_deref().map(storable), Type::TEXT),
                (&asked.action.as_deref().map(storable), Type::TEXT),
                (&asked.subject.as_deref().map(storable), Type::TEXT),
                (&asked.since.map(At), Type::TIMESTAMPTZ),
                (&asked.until.map(At), Type::TIMESTAMPTZ),
                (&asked.before, Type::INT8),
                (&limit(max), Type::INT8),
            ],
            |row| {
                let change = NewChange {
                    at: row.try_get::<_, At>(1)?.0,
                    who: row.try_get(2)?,
                    address: row.try_get(3)?,
                    action: row.try_get(4)?,
                    subject: row.try_get(5)?,
                    before: row.try_get(6)?,
                    after: row.try_get(7)?,
                };
                Ok(Change { id: row.try_get(0)?, change })
            },
        )
        .await
}
