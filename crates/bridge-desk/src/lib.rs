//! The operator's desk: pages for people, drawn by the server and embedded in the binary, on an air-gapped LAN too.
//! Not an API: what a page does, the JSON routes of `http` do as well, through the same functions.
//!
//! `routes` lists every page with who may ask for it, `nav` the way to them, `page` is what pages have in common,
//! `access` says who is asking, `pages` has one file for each page.

pub mod access;
mod asked;
mod assets;
mod export;
mod form;
mod nav;
pub mod page;
mod pages;
pub mod routes;
mod show;

pub use routes::router;
