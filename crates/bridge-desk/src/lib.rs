//! The operator's desk: pages for people, drawn by the server and embedded in the binary, so that they work on an
//! air-gapped LAN too. Not an API: that is `bridge-http`. Not what a page causes: that is `bridge-app`, whose use cases
//! the pages and the JSON routes both call.
//!
//! Begin reading at [`routes`], every address with who may ask for it, then at one page of `pages`, `pages/validated.rs`.
//! [`page`] is what pages have in common, [`access`] says who is asking, `nav` is the navigation, `show` is how values
//! look. The templates are in `templates/desk`, style sheet and scripts in `assets`.
//!
//! **Invariant.** A page without a rule cannot be written: an address is a line of [`routes`], with the role it takes.

pub mod access;
mod asked;
mod assets;
pub mod doors;
mod export;
mod form;
mod nav;
pub mod page;
mod pages;
pub mod routes;
mod show;

pub use routes::router;
