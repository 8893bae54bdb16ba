//! Liandong beside others that find the nearest free unit and claim it: the same calls, the same machine, the same run.
//!
//! [`load`] is what all are given, [`session`] what all are asked through, [`closed_loop`] the one client, [`ledger`] what
//! must hold of their answers. Each file of `beside` starts one peer; [`rows`] lists them with what they promise and what they
//! leave undone, [`rounds`] runs them in turn, [`table`] prints it. `README.md` beside this folder has what was tried.

pub mod beside;
pub mod cli;
pub mod closed_loop;
pub mod ledger;
pub mod load;
pub mod rounds;
pub mod rows;
pub mod server;
pub mod session;
pub mod table;
