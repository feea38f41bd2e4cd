//! What users, senders and operators go through, each over HTTP.

mod checks;
mod concurrency;
mod journey;
mod onboarding;
mod order;
mod redelivery;
mod strangers;
