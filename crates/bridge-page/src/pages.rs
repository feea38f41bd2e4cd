//! One file for each thing that a page does.

pub(crate) mod again;
pub(crate) mod cancel;
pub(crate) mod codes;
pub(crate) mod done;
pub(crate) mod event;
pub(crate) mod hosted;
pub(crate) mod show;
