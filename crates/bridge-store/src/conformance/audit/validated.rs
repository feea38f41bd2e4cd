//! Validated numbers as people look at them: by number, by time, page by page, and how many they are.

use bridge_core::Span;

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use super::desk::judged;
use crate::desk::{MobileFilter, Page, ValidatedFilter};

pub(super) async fn validated_numbers_are_found_by_number_and_time(audit: &dyn AuditUnderTest) {
    let numbers = ["+919876543210", "+919876543211", "+919876543219", "+4915112345678"];
    let minute = |n: u32| T0 + Span(60_000 * i64::from(n));
    let batch: Vec<_> =
        (1_u32..).zip(numbers).map(|(n, number)| judged(n.into(), number, minute(n), passed())).collect();
    audit.store().append_sms(&batch).await.unwrap();
    let desk = audit.desk();
    let of = |prefix: &str| ValidatedFilter {
        mobile: Some(MobileFilter::Prefix(prefix.to_owned())),
        ..ValidatedFilter::default()
    };
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let page = desk.search_validated(&of("+9198765"), before, 2).await.unwrap();
        found.extend(page.rows);
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    let found_numbers: Vec<_> = found.iter().map(|row| row.mobile_number.as_str()).collect();
    assert_eq!(found_numbers, [numbers[2], numbers[1], numbers[0]], "the newest first");
    assert_eq!(
        (found[2].device_id.as_str(), found[2].sms_id, found[2].validated_at),
        ("d1", id(1), minute(1) + Span(100))
    );
    let all = ValidatedFilter::default();
    assert_eq!(desk.search_validated(&all, None, MAX).await.unwrap().rows.len(), 4);
    assert_eq!(desk.search_validated(&of("+1"), None, MAX).await.unwrap(), Page::empty());
    let between = ValidatedFilter { from: Some(minute(2)), to: Some(minute(3) + Span(1)), mobile: None };
    let rows = desk.search_validated(&between, None, MAX).await.unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.mobile_number.as_str()).collect::<Vec<_>>(), [numbers[1]]);
    let one =
        ValidatedFilter { mobile: Some(MobileFilter::Exactly(numbers[0].to_owned())), ..between.clone() };
    for (filter, count) in [(&all, 4), (&of("+9198765"), 3), (&between, 1), (&one, 0)] {
        assert_eq!(desk.count_validated(filter, MAX).await.unwrap(), count, "{filter:?}");
    }
    assert_eq!(desk.count_validated(&all, 2).await.unwrap(), 2, "no more is counted");
}
