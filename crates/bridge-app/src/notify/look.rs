//! What is wrong right now, as this bridge sees it: one trouble each, with a subject that every bridge of a group calls the
//! same. Not whether it lasts, and not who is told.

use std::sync::atomic::Ordering;

use bridge_core::Timestamp;
use bridge_store::troubles::{Trouble, TroubleKind};

use crate::bridge::App;
use crate::durability::writable::writable;
use crate::notify::words::masked;
use crate::registration::paused;
use crate::state::availability::Hot;
use crate::state::last_backup::{self, LastBackup};
use crate::state::receivers::State;

/// The subject of an audit store that is away.
pub(crate) const AUDIT: &str = "store:audit";

/// Looks.
pub(crate) async fn look(app: &App) -> Vec<Trouble> {
    let now = app.clock.now();
    let snapshot = app.live.snapshot();
    let settings = &snapshot.settings;
    let standing = app.availability.now();
    let mut troubles = Vec::new();
    if let Some(pause) = paused(app, &snapshot) {
        troubles.push(shared(TroubleKind::Paused, "registration", pause.since.unwrap_or(now), pause.why));
    }
    let is_in_doubt =
        app.unwritable.load(Ordering::Relaxed) || (standing.hot != Hot::Open && !standing.audit);
    if is_in_doubt && writable(app).await.is_err() {
        let why = "nothing can be written, neither to a store nor to this disk: look at the disk first";
        troubles.push(own(app, TroubleKind::Unwritable, "sms", now, why));
    }
    if let Some((why, since)) = app.clock_watch.implausible() {
        let why = format!(
            "{why}; set it (timedatectl), or say that it is right (sms-bridge doctor --accept-clock)"
        );
        troubles.push(own(app, TroubleKind::Clock, "clock", since, why));
    } else if let Some(why) = standing.hot.why() {
        troubles.push(shared(TroubleKind::Store, "store:hot", standing.since, why));
    }
    if !standing.audit {
        let name = app.options.backends.audit.name_of_audit();
        let why = format!("{name} does not answer: what was judged waits, and is written when it is back");
        let since = app.incidents.since("postgresql").unwrap_or(now);
        troubles.push(shared(TroubleKind::Store, AUDIT, since, why));
    }
    if app.disk.is_nearly_full() {
        let floor = app.disk.floor_mib();
        let why = format!("less than {floor} MiB are free on the disk of the data folder: free some space");
        troubles.push(own(app, TroubleKind::Disk, "disk", now, why));
    }
    for (known, seen) in app.receivers.each() {
        if app.receivers.state(known.as_deref(), &seen, now, settings) == State::Silent {
            let advice = known.as_ref().map_or("look at it", |known| known.behind().when_silent());
            let since = seen.last_seen_at.unwrap_or(now);
            troubles.push(shared(TroubleKind::Receiver, &format!("receiver:{}", seen.name), since, advice));
        }
    }
    if let Some((since, error)) = app.has_remote().then(|| app.pushing.now().away).flatten() {
        let why = format!("nothing is lost, validated numbers wait; it said: {error}");
        troubles.push(shared(TroubleKind::Remote, "remote", since, why));
    }
    if let Some(why) = backup(app, now) {
        troubles.push(own(app, TroubleKind::Backup, "backup", now, why));
    }
    for webhook in app.webhooks.all().iter().filter(|webhook| !webhook.enabled) {
        let Some(reason) = &webhook.disabled_reason else { continue };
        let since = webhook.failing_since.unwrap_or(now);
        // What follows the host may be a secret.
        let host = reqwest::Url::parse(&webhook.url).ok();
        let host = host.as_ref().and_then(|url| url.host_str()).unwrap_or("?");
        let why = format!("that at {host} was switched off: {reason}");
        troubles.push(shared(TroubleKind::Webhook, &format!("webhook:{}", webhook.id), since, why));
    }
    troubles
}

fn backup(app: &App, now: Timestamp) -> Option<String> {
    let folder = &app.options.data_dir;
    let last = LastBackup::read(folder);
    last_backup::failed(folder, last.as_ref())
        .or_else(|| last_backup::overdue(last.as_ref(), now, app.live.now().backup_wanted_every_hours))
}

fn shared(kind: TroubleKind, subject: &str, began_at: Timestamp, detail: impl Into<String>) -> Trouble {
    Trouble {
        kind,
        subject: subject.to_owned(),
        is_own: false,
        began_at,
        // It is kept, and an erasure of a person would not find it there.
        detail: masked(&detail.into()),
        is_told: false,
    }
}

/// One that no other bridge of the group can see.
fn own(
    app: &App,
    kind: TroubleKind,
    subject: &str,
    began_at: Timestamp,
    detail: impl Into<String>,
) -> Trouble {
    let subject = format!("{subject}@{}", app.id);
    Trouble { is_own: true, ..shared(kind, &subject, began_at, detail) }
}
