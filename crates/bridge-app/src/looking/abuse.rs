//! Abuse: who was refused and who floods in a stretch of time, and everything about one sender. Each comes with what
//! was away then, because that is the question of every complaint.

use std::collections::BTreeSet;

use bridge_core::{Span, Timestamp};
use bridge_store::audit::SmsRow;
use bridge_store::desk::{Incident, MobileFilter, OnboardingFilter, Page, RefusalRate, Sender, SmsFilter};

use crate::base::deadline::in_time;
use crate::base::problem::Problem;
use crate::bridge::App;

const SENDERS_MAX: usize = 25;
/// SMS of one sender that are read.
const SMS_MAX: usize = 500;
/// Onboardings of one sender that are looked through for e-mail addresses.
const ONBOARDINGS_MAX: usize = 100;
const INCIDENTS_MAX: usize = 20;

/// What happened in a stretch of time.
#[derive(Clone, Debug)]
pub struct Abuse {
    /// Refused registrations, by hour and reason.
    pub refusals: Vec<RefusalRate>,
    /// Who sent the most SMS that failed, the worst first.
    pub senders: Vec<Sender>,
    /// What was away, the newest first.
    pub away: Vec<Incident>,
}

/// What happened from then until before then.
pub async fn between(app: &App, from: Timestamp, to: Timestamp) -> Result<Abuse, Problem> {
    let all = async {
        tokio::try_join!(
            app.desk.refusals_by_hour(from, to),
            app.desk.top_failing_senders(from, to, SENDERS_MAX),
            app.desk.incidents(from, to),
        )
    };
    let (refusals, senders, mut away) = in_time(all).await?;
    away.truncate(INCIDENTS_MAX);
    Ok(Abuse { refusals, senders, away })
}

/// Everything about one sender.
#[derive(Clone, Debug)]
pub struct SenderReport {
    /// The newest SMS.
    pub sms: Page<SmsRow>,
    /// When the oldest and the newest of them came in; none: there is no SMS.
    pub stretch: Option<(Timestamp, Timestamp)>,
    /// The e-mail addresses that it registered with.
    pub emails: BTreeSet<String>,
    /// It is blacklisted.
    pub blocked: bool,
    /// What was away between the oldest and the newest SMS, the newest first.
    pub away: Vec<Incident>,
}

/// All of the sender of that name or number.
pub async fn of_sender(app: &App, mobile: &str) -> Result<SenderReport, Problem> {
    let exactly = || Some(MobileFilter::Exactly(mobile.to_owned()));
    let sent = SmsFilter { mobile: exactly(), ..SmsFilter::default() };
    let registered = OnboardingFilter { mobile: exactly(), ..OnboardingFilter::default() };
    let all = async {
        tokio::try_join!(
            app.desk.search_sms(&sent, None, SMS_MAX),
            app.desk.search_onboardings(&registered, None, ONBOARDINGS_MAX),
            app.desk.blacklist_page(mobile, None, 1),
        )
    };
    let (sms, onboardings, blocked) = in_time(all).await?;
    let times = sms.rows.iter().map(|row| row.server_received_at);
    let stretch = times.clone().min().zip(times.max());
    let mut away = match stretch {
        Some((first, last)) => in_time(app.desk.incidents(first, last + Span(1))).await?,
        None => Vec::new(),
    };
    away.truncate(INCIDENTS_MAX);
    Ok(SenderReport {
        sms,
        stretch,
        emails: onboardings.rows.into_iter().filter_map(|row| row.onboarding.email).collect(),
        blocked: blocked.rows.iter().any(|row| row.mobile_number == mobile),
        away,
    })
}
