//! Onboardings: the table `onboarding_mobile`. Not how they are searched, which is `desk`.

use async_trait::async_trait;
use bridge_core::{Onboarding, Timestamp};
use uuid::Uuid;

use crate::Result;
use crate::place::Place;

/// Who registered, and what came of it.
#[async_trait]
pub trait OnboardingTrail: Send + Sync + 'static {
    /// Writes onboardings to `onboarding_mobile`; an older version never overwrites a newer one.
    /// Answers how many were new.
    async fn upsert_onboardings(&self, batch: &[Onboarding]) -> Result<usize>;
    /// Up to `max` onboardings of a number, newest first: for a late SMS whose onboarding left the hot store (D8).
    async fn newest_onboardings(&self, mobile: &str, max: usize) -> Result<Vec<Onboarding>>;
    /// The newest of them.
    async fn newest_onboarding(&self, mobile: &str) -> Result<Option<Onboarding>> {
        Ok(self.newest_onboardings(mobile, 1).await?.pop())
    }
    /// Those of these onboardings that are kept, in no order.
    async fn onboardings_by_ids(&self, ids: &[Uuid]) -> Result<Vec<Onboarding>>;
    /// Up to `max` onboardings whose `expires_at` lies after `now`, in order of registration.
    async fn unexpired_onboardings(
        &self,
        now: Timestamp,
        after: Option<Place>,
        max: usize,
    ) -> Result<Vec<(Place, Onboarding)>>;
}
