//! How fast the desk finds things among millions of rows: every operation of `DeskStore`, each so often with arguments
//! by chance, beside the shortest question that the database can be asked. Not a model of an operator.

mod fill;
mod questions;

use std::path::Path;
use std::time::Duration;

use bridge_backends::{embedded, postgres};
use bridge_store::Trail;
use comfy_table::{CellAlignment, Table, presets};
use hdrhistogram::Histogram;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rusqlite::Connection;
use serde::Serialize;
use test_servers::Postgres;

use self::questions::{Asked, QUESTIONS};
use super::{Args, Stores, load};
use crate::Outcome;
use crate::stopwatch::Stopwatch;

const TIMES: u64 = 200;
/// How many connections a bridge has by default.
const POOL: usize = 8;

/// How long one question took.
#[derive(Serialize)]
struct Answered {
    question: &'static str,
    rows: f64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
}

pub(super) async fn run(args: &Args, folder: &Path) -> Outcome {
    let data = tempfile::tempdir_in(folder)?;
    let answered = match args.stores {
        Stores::Embedded => {
            // Makes the file and its tables.
            drop(embedded::open_trail(data.path())?);
            let database = Connection::open(data.path().join("audit.db"))?;
            fill::fill(args.rows, &fill::SQLITE, |sql| Ok(database.execute_batch(sql)?))?;
            drop(database);
            ask(&embedded::open_trail(data.path())?, args.rows).await?
        }
        Stores::Redis | Stores::Valkey => {
            let settings =
                [("shared_buffers", "512MB"), ("max_wal_size", "8GB"), ("maintenance_work_mem", "512MB")];
            let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let server =
                Postgres::start(&test_servers::postgres::Options { settings, ..Default::default() })?;
            let name = server.new_database()?;
            let url = server.url_of(&name);
            postgres::migrate(&url).await?;
            fill::fill(args.rows, &fill::POSTGRES, |sql| Ok(server.sql(&name, sql).map(drop)?))?;
            ask(&postgres::open_trail(&url, POOL)?, args.rows).await?
        }
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&answered)?);
    } else {
        println!("{} rows of input_sms, {TIMES} times each\n{}", args.rows, table(&answered));
    }
    Ok(())
}

async fn ask(trail: &Trail, rows: u32) -> Outcome<Vec<Answered>> {
    let mut random = StdRng::seed_from_u64(1);
    let progress = load::progress("asking", QUESTIONS.len());
    let mut answered = Vec::new();
    let ping = measure(&mut random, async |_| Ok(trail.audit.ping().await.map(|()| 1)?)).await?;
    answered.push(summary("SELECT 1", &ping));
    for (question, ask) in QUESTIONS {
        let measured = measure(&mut random, async |random| {
            let asked = Asked::by_chance(random, rows);
            ask(&*trail.desk, asked).await
        });
        match measured.await {
            Ok(measured) => answered.push(summary(question, &measured)),
            // The others are asked all the same.
            Err(why) => eprintln!("{question}: {why}"),
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(answered)
}

async fn measure(
    random: &mut StdRng,
    ask: impl AsyncFn(&mut StdRng) -> Outcome<usize>,
) -> Outcome<(Histogram<u64>, usize)> {
    let (mut took, mut rows) = (Histogram::new(3)?, 0);
    for _ in 0..TIMES {
        let watch = Stopwatch::start();
        rows += ask(random).await?;
        took.record(u64::try_from(watch.elapsed().as_micros())?)?;
    }
    Ok((took, rows))
}

fn summary(question: &'static str, (took, rows): &(Histogram<u64>, usize)) -> Answered {
    let quantile = |quantile| Duration::from_micros(took.value_at_quantile(quantile)).as_secs_f64() * 1000.0;
    Answered {
        question,
        rows: *rows as f64 / TIMES as f64,
        p50_ms: quantile(0.50),
        p95_ms: quantile(0.95),
        p99_ms: quantile(0.99),
    }
}

fn table(answered: &[Answered]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["", "rows", "p50 ms", "p95 ms", "p99 ms"]);
    for Answered { question, rows, p50_ms, p95_ms, p99_ms } in answered {
        let figures = [rows, p50_ms, p95_ms, p99_ms].map(|figure| format!("{figure:.1}"));
        table.add_row(std::iter::once((*question).to_owned()).chain(figures));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
