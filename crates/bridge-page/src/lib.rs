//! The person's page: what somebody who registers is to send, and what became of it, in their language, with and without
//! scripts. The link to it is handed out by an app (`page_url`), or made at the bridge's own form. Not an API: that is
//! `bridge-http`. Not what it causes: that is `bridge-app`. Not for operators: that is `bridge-desk`.
//!
//! Begin reading at [`routes`], every address; then at [`stage`], which decides what is shown, and one page, `pages/show.rs`.
//! Each state of an onboarding is one file in `templates/page/stages`, each language one file in `languages`.
//!
//! **Invariants.** Looking at a page changes nothing: links are opened by whoever previews them. Nothing is inline and nothing
//! comes from elsewhere. The full number and the token are in no text of a page.

mod assets;
mod frame;
mod link;
mod pages;
mod platform;
pub mod routes;
mod speech;
pub mod stage;

pub use routes::router;
