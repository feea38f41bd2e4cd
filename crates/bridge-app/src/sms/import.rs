//! Back-fill: a phone's list of SMS is compared with what the bridge has, and what is missing is taken in like any
//! other SMS, with its own times. Idempotent with live deliveries and with itself. Not where the list comes from, a
//! file or the phone: that is the caller's. What a row says is `bridge_formats::export`.

use std::time::Duration;

pub use bridge_core::sms::IMPORT as FORMAT;
use bridge_core::{InboundSms, Settings, Timestamp};
use bridge_formats::export::{Exported, Held, Row};
use bridge_formats::{Delivered, FieldError, Unusable};
use bridge_store::StoreError;
use bridge_store::audit::AskedSms;
use bridge_store::hot::Which;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::base::deadline::{COMPARE, DUMP, within};
use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use crate::sms::import_report::Report;
use crate::sms::inbound::{self, Way};
use crate::sms::intake::{self, Taken};
use crate::sms::quarantine;
use crate::state::board::WakeSignal;
use crate::state::receivers::ReceiverIdentity;

/// Rows that are compared and taken in together.
const BATCH_MAX: usize = 500;
/// The same in bytes of text.
const BATCH_MAX_BYTES: usize = 4 * 1024 * 1024;
/// After so many unusable rows at its beginning, a list is taken for the wrong file.
const UNUSABLE_MAX: u64 = 1_000;
const DUMPED_POLL: Duration = Duration::from_millis(20);

/// Why an import cannot go on. What was taken in stays; the list is still where it was, and may come again whole.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// A store is away.
    #[error("a store does not answer: import again when /health says that it is back")]
    Store(#[from] StoreError),
    /// What was judged before does not get into the audit store.
    #[error(
        "what was judged before is not in the audit store yet: see the workers in /health, and import again"
    )]
    NotDumped,
    /// The audit store takes too long.
    #[error("the audit store does not answer in time: import again when /health says that it is back")]
    TooSlow,
    /// A store is known to be away.
    #[error("{0} is away: import again when /health says that it is back")]
    Away(&'static str),
    /// Nothing is writable.
    #[error("nothing is writable right now: import again when /health says that it is")]
    Unwritable,
    /// It is no list of SMS.
    #[error("none of the first {UNUSABLE_MAX} rows is an SMS: is this the right file? The first says: {0}")]
    NoSms(String),
}

impl From<intake::Unwritable> for Stopped {
    fn from(_: intake::Unwritable) -> Stopped {
        Stopped::Unwritable
    }
}

impl From<Stopped> for Problem {
    fn from(stopped: Stopped) -> Problem {
        let detail = stopped.to_string();
        let code = match stopped {
            Stopped::NoSms(_) => Code::InvalidRequest,
            Stopped::Store(error) => {
                tracing::warn!(%error, source = ?error.source, "an import stopped");
                Code::Unavailable
            }
            Stopped::NotDumped | Stopped::TooSlow | Stopped::Away(_) | Stopped::Unwritable => {
                Code::Unavailable
            }
        };
        Problem::new(code, detail)
    }
}

/// A row on its way.
struct Candidate {
    sms: InboundSms,
    /// Every stamp that it may have been delivered under. None where the list does not say when it was received.
    stamps: Vec<Timestamp>,
}

/// One import.
pub struct Import {
    source: ReceiverIdentity,
    /// Takes nothing in: only compares.
    check: bool,
    batch: Vec<Candidate>,
    batch_bytes: usize,
    first_unusable: Option<String>,
    report: Report,
    /// What may not be kept of an unusable row.
    credentials: quarantine::Credentials,
}

impl Import {
    /// Begins: what was judged before is carried to where it can be compared with.
    pub async fn begin(app: &App, source: ReceiverIdentity, check: bool) -> Result<Import, Stopped> {
        if !app.availability.now().audit {
            return Err(Stopped::Away("the audit store, which knows what came before,"));
        }
        if !app.availability.is_open() {
            return Err(Stopped::Away("the hot store, which judges,"));
        }
        let dumped = within(DUMP, dumped(app)).await;
        dumped.unwrap_or(Err(Stopped::NotDumped))?;
        let credentials = quarantine::Credentials(source.signing_keys().to_vec());
        Ok(Import {
            report: Report::new(source.name()),
            source,
            check,
            batch: Vec::new(),
            batch_bytes: 0,
            first_unusable: None,
            credentials,
        })
    }

    /// The list came with these, which may not be kept.
    #[must_use]
    pub fn came_with(mut self, credentials: quarantine::Credentials) -> Import {
        self.credentials.0.extend(credentials.0);
        self
    }

    /// The counts so far.
    #[must_use]
    pub fn so_far(&self) -> &Report {
        &self.report
    }

    /// The next row of the list. What waits in a batch is counted when the batch is full.
    pub async fn take(&mut self, app: &App, row: Row) -> Result<(), Stopped> {
        // Read anew for each row: a list takes up to hours, and maintenance_mode must not wait for its end.
        let settings = app.live.now();
        self.report.rows += 1;
        match row.held {
            Held::Skipped(_) => self.report.skipped += 1,
            Held::Unusable(unusable) => self.keep(app, row.line, row.raw, &unusable).await?,
            Held::Sms(exported) if self.contradicts(&settings, &exported.delivered) => {
                let error = FieldError::new("sender", "is another one under another name of the same row");
                self.keep(app, row.line, row.raw, &Unusable::contradiction(vec![error])).await?;
            }
            Held::Sms(exported) => {
                let candidate = self.candidate(app, &settings, *exported)?;
                self.batch_bytes += candidate.sms.text.len();
                self.batch.push(candidate);
                if self.batch.len() >= BATCH_MAX || self.batch_bytes >= BATCH_MAX_BYTES {
                    self.take_batch(app, &settings).await?;
                }
            }
        }
        Ok(())
    }

    /// Takes in what still waits in the batch.
    pub async fn flush(&mut self, app: &App) -> Result<(), Stopped> {
        self.take_batch(app, &app.live.now()).await
    }

    async fn take_batch(&mut self, app: &App, settings: &Settings) -> Result<(), Stopped> {
        let mut batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        if batch.is_empty() {
            return Ok(());
        }
        // As they came: a list may have its newest first.
        batch.sort_by_key(|candidate| candidate.sms.received_timestamp);
        let asked: Vec<AskedSms> = batch.iter().map(asked).collect();
        let known = within(COMPARE, app.audit.known_sms(&asked)).await;
        let known = known.map_err(|_| Stopped::TooSlow)??;
        let mut missing = Vec::new();
        for (candidate, known) in batch.into_iter().zip(known) {
            if known {
                self.report.known(stamp_of(&candidate.sms));
            } else {
                missing.push(candidate.sms);
            }
        }
        if self.check {
            missing.iter().for_each(|sms| self.report.missing(stamp_of(sms)));
            return Ok(());
        }
        let stamps: Vec<_> = missing.iter().map(stamp_of).collect();
        let taken = intake::take_each(app, settings, missing).await?;
        for (taken, stamp) in taken.iter().zip(stamps) {
            match taken {
                Taken::Redelivered(_) => self.report.known(stamp),
                Taken::Judged(answer) => self.report.judged(stamp, &answer.verdict),
                Taken::Stored => self.report.stored(stamp),
            }
        }
        Ok(())
    }

    /// That was all of the list.
    pub async fn finish(mut self, app: &App) -> Result<Report, Stopped> {
        self.flush(app).await?;
        if !self.check {
            app.board.wake(WakeSignal::Dump);
        } else if let Some((from, to)) = self.report.span() {
            let counted = within(COMPARE, app.audit.count_by_hour(from, to)).await;
            self.report.compare(&counted.map_err(|_| Stopped::TooSlow)??);
        }
        Ok(self.report)
    }

    /// The SMS with everything fixed that identifies it: as a live delivery of the same would have been.
    fn candidate(&self, app: &App, settings: &Settings, exported: Exported) -> Result<Candidate, Stopped> {
        let source = &self.source;
        let now = app.clock.now();
        let way = Way { sender: source, format: FORMAT, bare_digits: source.bare_digits(None), now };
        let stamps = exported.stamps().filter_map(|stamp| stamp.moment(source.time_zone())).collect();
        // Under no id: a list has ids of its own.
        let stamp = exported.stamp(source.clock());
        let sms = Delivered { stamp, delivery_id: None, part: None, ..exported.delivered };
        let inbound = inbound::inbound(app, settings, way, sms).map_err(|_| Stopped::Unwritable)?;
        Ok(Candidate { sms: inbound, stamps })
    }

    fn contradicts(&self, settings: &Settings, delivered: &Delivered) -> bool {
        let bare_digits = self.source.bare_digits(None);
        let (one, _) =
            inbound::of_one_sender(vec![delivered.clone()], &settings.default_country_code, bare_digits);
        one.is_empty()
    }

    /// Keeps an unusable row, once however often the list comes.
    async fn keep(&mut self, app: &App, line: u64, raw: Vec<u8>, unusable: &Unusable) -> Result<(), Stopped> {
        self.report.quarantined += 1;
        let id = content_id(self.source.name(), &raw, &unusable.reason());
        let reason = format!("line {line}: {}", unusable.reason());
        let first = self.first_unusable.get_or_insert_with(|| reason.clone());
        if self.report.quarantined >= UNUSABLE_MAX && self.report.quarantined == self.report.rows {
            return Err(Stopped::NoSms(first.clone()));
        }
        if self.check {
            return Ok(());
        }
        let body = quarantine::Body {
            receiver_id: self.source.name().to_owned(),
            format: FORMAT.to_owned(),
            reason,
            content_type: "application/octet-stream".to_owned(),
            body: raw,
            credentials: self.credentials.clone(),
        };
        Ok(quarantine::keep_as(app, id, body).await?)
    }
}

/// When it was received, where its list says so.
fn stamp_of(sms: &InboundSms) -> Option<Timestamp> {
    sms.stamped.then_some(sms.received_timestamp)
}

fn asked(candidate: &Candidate) -> AskedSms {
    AskedSms {
        mobile_number: candidate.sms.mobile_number().to_owned(),
        text: candidate.sms.text.clone(),
        stamps: candidate.stamps.clone(),
    }
}

/// The same for the same row of the same receiver, whichever line it is on.
fn content_id(receiver: &str, raw: &[u8], reason: &str) -> Uuid {
    let mut sha = Sha256::new();
    for part in [FORMAT.as_bytes(), receiver.as_bytes(), raw, reason.as_bytes()] {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&sha.finalize()[..16]);
    uuid::Builder::from_custom_bytes(id).into_uuid()
}

/// Until everything that was judged or stored before now is in the audit store.
async fn dumped(app: &App) -> Result<(), Stopped> {
    let newest = app.hot.counters().await?.queue_input_sms;
    loop {
        let oldest = app.hot.queued_sms(Which::All, 1).await?.first().map(|queued| queued.id);
        let judged_are_there = oldest.is_none_or(|id| id > newest);
        if judged_are_there && app.journal.waiting() == 0 {
            return Ok(());
        }
        app.board.wake(if judged_are_there { WakeSignal::Journal } else { WakeSignal::Dump });
        tokio::time::sleep(DUMPED_POLL).await;
    }
}
