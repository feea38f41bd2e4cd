//! End-to-end tests over real sockets. One binary; `harness` starts a whole bridge inside for each test,
//! `process` starts the real program.

// Clippy lets tests unwrap and print, and knows them by this attribute only.
#[cfg(test)]
mod acceptance;
#[cfg(test)]
mod api_keys;
#[cfg(test)]
mod backup;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod binary;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod config_file;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod documented;
#[cfg(test)]
mod edge;
#[cfg(test)]
mod files;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod full_disk;
mod harness;
#[cfg(test)]
mod hostile_requests;
#[cfg(test)]
mod http_surface;
#[cfg(test)]
mod import;
#[cfg(test)]
mod incidents;
#[cfg(test)]
mod init;
#[cfg(test)]
mod judging_again;
#[cfg(test)]
mod kill;
#[cfg(test)]
#[cfg(feature = "crash-points")]
mod kill_files;
#[cfg(test)]
mod lab;
#[cfg(test)]
mod load;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod notify;
#[cfg(test)]
mod page;
#[cfg(test)]
mod person;
#[cfg(test)]
mod process;
#[cfg(test)]
mod push;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod real_stores;
#[cfg(test)]
mod receive_property;
#[cfg(test)]
mod receivers;
#[cfg(test)]
mod said;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod snapshots;
mod spellings;
#[cfg(test)]
mod tunnel;
#[cfg(test)]
mod webhooks;
