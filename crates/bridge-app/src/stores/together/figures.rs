//! Figures of what is written with what waits beside it, each row counted once. Not which figures there are.

use std::collections::HashMap;
use std::sync::Arc;

use bridge_core::{Span, Timestamp};
use bridge_store::Result;
use bridge_store::desk::{MINUTE, OnboardingRow, floor};
use bridge_store::judged::QueuedSms;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::{Row, Together};

/// So often are figures read again because rows were written meanwhile.
const READINGS: usize = 4;

/// Figures that are being read.
pub(super) type Reading<T> = BoxFuture<'static, Result<T>>;

/// Asks the audit store for figures, as often as it is called.
macro_rules! asked {
    ($desk:expr, $operation:ident($($argument:expr),*)) => {{
        let desk = Arc::clone(&$desk);
        move || -> Reading<_> {
            let desk = Arc::clone(&desk);
            Box::pin(async move { desk.$operation($($argument),*).await })
        }
    }};
}

pub(super) use asked;

impl Together {
    /// What figures say, and those SMS that came in between, in whole stretches of that length, and are not in them.
    pub(super) async fn counted<T>(
        &self,
        from: Timestamp,
        to: Timestamp,
        grain: Span,
        figures: impl Fn() -> Reading<T>,
    ) -> Result<(Vec<QueuedSms>, T)> {
        let mut waiting = self.sms().await;
        waiting.retain(|queued| {
            let at = floor(queued.sms.counted_at(), grain);
            at >= floor(from, grain) && at < to && !queued.sms.is_timeless()
        });
        let Some(since) = waiting.iter().map(|queued| queued.sms.server_received_at).min() else {
            return Ok((waiting, figures().await?));
        };
        let ids: Arc<[Uuid]> = waiting.iter().map(|queued| queued.sms.sms_id).collect();
        let desk = Arc::clone(&self.desk);
        let written = move || -> Reading<_> {
            let (desk, ids) = (Arc::clone(&desk), Arc::clone(&ids));
            Box::pin(async move { desk.written_sms(&ids, since).await })
        };
        let (written, figures) = while_nothing_is_written(written, figures).await?;
        waiting.retain(|queued| !written.contains(&queued.sms.sms_id));
        Ok((waiting, figures))
    }

    /// What figures say, and those onboardings that were registered between, each with how the figures count it.
    pub(super) async fn changed<T>(
        &self,
        from: Timestamp,
        to: Timestamp,
        figures: impl Fn() -> Reading<T>,
    ) -> Result<(Vec<(Option<OnboardingRow>, OnboardingRow)>, T)> {
        let mut waiting = self.onboardings().await;
        waiting.retain(|row| {
            let minute = floor(row.onboarding.request_timestamp, MINUTE);
            minute >= from && minute < to
        });
        if waiting.is_empty() {
            return Ok((Vec::new(), figures().await?));
        }
        let ids: Arc<[Uuid]> = waiting.iter().map(Row::key).collect();
        let desk = Arc::clone(&self.desk);
        let written = move || -> Reading<_> {
            let (desk, ids) = (Arc::clone(&desk), Arc::clone(&ids));
            Box::pin(async move {
                let rows = desk.written_onboardings(&ids).await?;
                Ok(rows.into_iter().map(|row| (row.key(), row)).collect::<HashMap<_, _>>())
            })
        };
        let (mut written, figures) = while_nothing_is_written(written, figures).await?;
        Ok((waiting.into_iter().map(|row| (written.remove(&row.key()), row)).collect(), figures))
    }
}

/// What is written, and figures that were read while that stayed as it is: so that nobody counts what the figures
/// count too. Where rows are written without a pause, the last of a few readings is near enough.
async fn while_nothing_is_written<W: PartialEq, T>(
    written: impl Fn() -> Reading<W>,
    figures: impl Fn() -> Reading<T>,
) -> Result<(W, T)> {
    let mut before = written().await?;
    let mut left = READINGS;
    loop {
        let read = figures().await?;
        let after = written().await?;
        left -= 1;
        if before == after || left == 0 {
            return Ok((after, read));
        }
        before = after;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// What is written changes so often while figures are read.
    async fn read_while(changes: usize) -> (usize, usize) {
        let (asked, read) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let written = {
            let asked = Arc::clone(&asked);
            move || -> Reading<usize> {
                let n = asked.fetch_add(1, Ordering::Relaxed);
                Box::pin(async move { Ok(n.min(changes)) })
            }
        };
        let figures = move || -> Reading<usize> {
            let n = read.fetch_add(1, Ordering::Relaxed) + 1;
            Box::pin(async move { Ok(n) })
        };
        while_nothing_is_written(written, figures).await.unwrap()
    }

    #[tokio::test]
    async fn figures_are_read_again_until_nothing_was_written_meanwhile() {
        assert_eq!(read_while(0).await, (0, 1));
        assert_eq!(read_while(1).await, (1, 2));
        assert_eq!(read_while(3).await, (3, 4));
        assert_eq!(read_while(99).await, (READINGS, READINGS), "not for ever");
    }
}
