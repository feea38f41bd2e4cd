//! Every server starts, answers, hangs, crashes, comes back, and is gone when dropped.

// Clippy lets tests unwrap and print, and knows them by this attribute only.
#[cfg(test)]
mod abandoned;
#[cfg(test)]
mod gammu;
#[cfg(test)]
mod life;
#[cfg(test)]
mod postgrest;
#[cfg(test)]
mod proxy;
