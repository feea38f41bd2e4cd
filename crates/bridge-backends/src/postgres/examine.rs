//! How the server and what lies between are set up, for `doctor`, and whether anything can be written now.

use bridge_store::finding::{Finding, Level};
use bridge_store::{Result, StoreError};
use tokio_postgres::types::Type;

use super::failure::GRANT;
use super::lease::{Connections, Lease, SLOW};
use super::schema;
use super::version::KNOWN;

fn finding(level: Level, what: &str, found: impl Into<String>, advice: &str) -> Finding {
    Finding { level, what: what.to_owned(), found: found.into(), advice: advice.to_owned() }
}

/// Good if all is well, else what to do.
fn judged(well: bool, otherwise: Level, what: &str, found: impl Into<String>, advice: &str) -> Finding {
    match well {
        true => finding(Level::Good, what, found, ""),
        false => finding(otherwise, what, found, advice),
    }
}

fn because(error: &StoreError) -> String {
    error.source.as_ref().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Everything that can be told; what cannot be asked is itself a finding.
pub(super) async fn examine(connections: &Connections) -> Result<Vec<Finding>> {
    let mut lease = match connections.unchecked("examine", SLOW).await {
        Ok(lease) => lease,
        Err(error) => return Ok(vec![finding(Level::Problem, "PostgreSQL", because(&error), "see above")]),
    };
    let mut findings = server(&mut lease).await?;
    findings.push(pooler(connections, &mut lease).await?);
    let schema = schema(&mut lease).await;
    let is_known = schema.level == Level::Good;
    findings.push(schema);
    if is_known {
        findings.push(privileges(&mut lease).await?);
        findings.push(partitions(&mut lease).await?);
        findings.push(writing(&mut lease).await);
    }
    Ok(findings)
}

async fn server(lease: &mut Lease) -> Result<Vec<Finding>> {
    let sql = "SELECT current_setting('server_version'), current_setting('server_version_num')::int,
         current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes'),
         pg_is_in_recovery() OR current_setting('transaction_read_only')::bool,
         (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)";
    let rows = lease
        .rows(sql, &[], |row| {
            let text = |column: usize| row.try_get::<_, String>(column);
            let flag = |column: usize| row.try_get::<_, bool>(column);
            Ok((text(0)?, row.try_get::<_, i32>(1)?, [text(2)?, text(3)?, text(4)?], flag(5)?, flag(6)?))
        })
        .await?;
    let Some((version, number, [commit, fsync, pages], is_read_only, is_superuser)) = rows.into_iter().next()
    else {
        return Ok(Vec::new());
    };
    let advice =
        "turn it on for this server or this role: without it a power cut loses what was acknowledged";
    Ok(vec![
        judged(
            number >= 130_000,
            Level::Problem,
            "PostgreSQL version",
            version,
            "use PostgreSQL 13 or newer",
        ),
        judged(commit != "off", Level::Problem, "synchronous_commit", commit, advice),
        judged(fsync == "on", Level::Problem, "fsync", fsync, advice),
        judged(
            pages == "on",
            Level::Warning,
            "full_page_writes",
            pages,
            "turn it on, unless the file system never leaves half a page after a power cut",
        ),
        judged(
            !is_read_only,
            Level::Problem,
            "role of the server",
            if is_read_only { "it takes no writes" } else { "it takes writes" },
            "name the primary in the address",
        ),
        judged(
            !is_superuser,
            Level::Warning,
            "the bridge's role",
            if is_superuser { "a superuser" } else { "no superuser" },
            "make a role of its own and, as the owner of the tables, run: SELECT ops.grant_to('that role')",
        ),
    ])
}

/// A pooler does not tell its mode on a data connection. But one that pools by transaction gives two idle
/// connections the same server process, or one connection another process from one statement to the next.
async fn pooler(connections: &Connections, first: &mut Lease) -> Result<Finding> {
    const ASKED: usize = 3;
    if connections.most() < 2 {
        return Ok(finding(Level::Good, "pooler", "could not be told with a single connection", ""));
    }
    let mut second = connections.unchecked("examine", SLOW).await?;
    let mut seen = Vec::new();
    for _ in 0..ASKED {
        seen.push((process(first).await?, process(&mut second).await?));
    }
    let is_pooled = seen.iter().any(|(one, other)| one == other || (*one, *other) != seen[0]);
    let found = if is_pooled {
        "connections share server processes: a pooler in transaction mode"
    } else {
        "every connection has its own server process: no pooler, or one in session mode"
    };
    Ok(finding(Level::Good, "pooler", found, ""))
}

async fn process(lease: &mut Lease) -> Result<Option<i32>> {
    Ok(lease.rows("SELECT pg_backend_pid()", &[], |row| Ok(row.try_get(0)?)).await?.pop())
}

async fn schema(lease: &mut Lease) -> Finding {
    let advice = "run `sms-bridge migrate`";
    if let Err(error) = lease.check_schema().await {
        return finding(Level::Problem, "schema", because(&error), advice);
    }
    match schema::missing_columns(lease).await {
        Ok(missing) if missing.is_empty() => finding(Level::Good, "schema", format!("version {KNOWN}"), ""),
        Ok(missing) => {
            finding(Level::Problem, "schema", format!("input_sms lacks {}", missing.join(", ")), advice)
        }
        Err(error) => finding(Level::Problem, "schema", because(&error), advice),
    }
}

async fn privileges(lease: &mut Lease) -> Result<Finding> {
    let sql = "SELECT nspname || '.' || relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
         WHERE relkind IN ('r', 'p') AND NOT relispartition
             AND (nspname = 'ops' AND relname NOT IN ('schema_version', 'bridge_role', 'admin_log') OR nspname = 'public' AND relname IN
                 ('input_sms', 'onboarding_mobile', 'blacklist_sms', 'power_down_store', 'power_down_store_counters', 'sms_settings'))
             AND NOT (has_table_privilege(pg_class.oid, 'SELECT') AND has_table_privilege(pg_class.oid, 'INSERT')
                 AND has_table_privilege(pg_class.oid, 'UPDATE') AND has_table_privilege(pg_class.oid, 'DELETE'))
         UNION ALL
         SELECT 'ops.admin_log' WHERE NOT (has_table_privilege('ops.admin_log', 'SELECT')
             AND has_table_privilege('ops.admin_log', 'INSERT'))
         UNION ALL
         SELECT 'ops.tend_partitions' WHERE NOT has_function_privilege('ops.tend_partitions(timestamptz, boolean)', 'EXECUTE')
         ORDER BY 1";
    let missing: Vec<String> = lease.rows(sql, &[], |row| Ok(row.try_get(0)?)).await?;
    let found = if missing.is_empty() {
        "all there".to_owned()
    } else {
        format!("missing on {}", missing.join(", "))
    };
    Ok(judged(missing.is_empty(), Level::Problem, "privileges", found, GRANT))
}

async fn partitions(lease: &mut Lease) -> Result<Finding> {
    let sql = "SELECT to_regclass('public.input_sms_' ||
             to_char((now() + interval '1 month') AT TIME ZONE 'UTC', '\"y\"YYYY\"m\"MM')) IS NOT NULL,
         (SELECT count(*) FROM (SELECT FROM public.input_sms_default LIMIT 10001) AS rows)";
    let found =
        lease.rows(sql, &[], |row| Ok((row.try_get::<_, bool>(0)?, row.try_get::<_, i64>(1)?))).await?;
    let (is_ahead, homeless) = found.first().copied().unwrap_or_default();
    let rows = if homeless > 10_000 { "more than 10000".to_owned() } else { homeless.to_string() };
    Ok(judged(
        is_ahead && homeless <= 10_000,
        Level::Warning,
        "partitions of input_sms",
        format!("next month is {}; {rows} rows lie in no month", if is_ahead { "there" } else { "missing" }),
        "nothing is lost; purging makes months ahead, so look why purge_expired_audit does not run",
    ))
}

async fn writing(lease: &mut Lease) -> Finding {
    const BYTES: u32 = 1 << 20;
    match try_write(lease, BYTES).await {
        Ok(()) => finding(Level::Good, "writing", "a mebibyte could be written", ""),
        Err(error) => {
            finding(Level::Problem, "writing", because(&error), "free some space or raise the quota")
        }
    }
}

/// Random: what is compressed or does not differ from what is there would prove little.
pub(super) async fn try_write(lease: &mut Lease, bytes: u32) -> Result<()> {
    lease
        .run(
            "INSERT INTO ops.probe (id, body)
             SELECT 1, string_agg(uuid_send(gen_random_uuid()), '') FROM generate_series(0, $1 / 16)
             ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            &[(&i64::from(bytes), Type::INT8)],
        )
        .await
        .map(drop)
}
